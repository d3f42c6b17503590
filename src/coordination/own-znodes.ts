// Znodes of Ovate's own: made empty, left to their owner, and only then filled, since the client package can't make one
// with an ACL.
import { OvateError } from '../errors.ts'
import { type Coordination, type ZnodeKind } from './coordination.ts'

const EMPTY = Buffer.alloc(0)
const FOLDERS = ['replicas', 'settings', 'epochs']

export class OwnZnodes {
  readonly root: string
  readonly #coordination: Coordination

  /** `root`: this znode and all below are Ovate's; what lies above is made where it is missing, and left to all. */
  constructor(coordination: Coordination, root: string) {
    this.#coordination = coordination
    this.root = root
  }

  /**
   * Makes an empty znode in one of the folders, and those where they are missing. One that is there already stays as it is.
   * @throws OvateError OVATE_ZOOKEEPER.
   */
  async make(path: string, kind: ZnodeKind, signal: AbortSignal): Promise<void> {
    const made = await this.#coordination.create(path, EMPTY, kind, signal)
    if (made.kind === 'no-parent') {
      await this.prepare(signal)
      const again = await this.#coordination.create(path, EMPTY, kind, signal)
      if (again.kind === 'no-parent')
        throw new OvateError('OVATE_ZOOKEEPER', `${path}: its parent went again`)
    }
    // Also of one that was there: whoever made it may have ended before this.
    await this.#coordination.restrict(path, signal)
  }

  /** Makes the root with all above it, and its folders; root and folders are left to Ovate, also where they were there. */
  async prepare(signal: AbortSignal): Promise<void> {
    const names = this.root.split('/').slice(1)
    for (let count = 1; count <= names.length; count += 1)
      await this.#makeFolder(`/${names.slice(0, count).join('/')}`, signal)
    await this.#coordination.restrict(this.root, signal)
    for (const folder of FOLDERS) {
      await this.#makeFolder(`${this.root}/${folder}`, signal)
      await this.#coordination.restrict(`${this.root}/${folder}`, signal)
    }
  }

  // Looked for first: who may not make children of a znode is refused even where they are there.
  async #makeFolder(path: string, signal: AbortSignal): Promise<void> {
    if (!(await this.#coordination.exists(path, undefined, signal)))
      await this.#coordination.create(path, EMPTY, 'persistent', signal)
  }
}
