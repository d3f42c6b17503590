// Znodes of Ovate's own: made empty, left to their owner, and only then filled, since the client package can't make one
// with an ACL.
import { OvateError } from '../errors.ts'
import { type Coordination, type ZnodeKind } from './coordination.ts'

const EMPTY = Buffer.alloc(0)

export class OwnZnodes {
  readonly root: string
  readonly #coordination: Coordination

  /** `root`: this znode and all below are Ovate's; what lies above is made where it is missing, and left to all. */
  constructor(coordination: Coordination, root: string) {
    this.#coordination = coordination
    this.root = root
  }

  /**
   * Makes an empty znode below the root, and what of its parents is missing. One that is there already stays as it is.
   * @throws OvateError OVATE_ZOOKEEPER.
   */
  async make(path: string, kind: ZnodeKind, signal: AbortSignal): Promise<void> {
    const made = await this.#coordination.create(path, EMPTY, kind, signal)
    if (made.kind === 'no-parent') {
      await this.prepare(parentOf(path), signal)
      const again = await this.#coordination.create(path, EMPTY, kind, signal)
      if (again.kind === 'no-parent')
        throw new OvateError('OVATE_ZOOKEEPER', `${path}: its parent went again`)
    }
    // Also of one that was there: whoever made it may have ended before this.
    await this.#coordination.restrict(path, signal)
  }

  /** Makes a folder at or below the root with all above it, and leaves what is Ovate's to Ovate. */
  async prepare(folder: string, signal: AbortSignal): Promise<void> {
    const names = folder.split('/').slice(1)
    for (let count = 1; count <= names.length; count += 1) {
      const path = `/${names.slice(0, count).join('/')}`
      // Asked for first: who may not make children of a znode is refused even where they are there.
      if (!(await this.#coordination.exists(path, undefined, signal)))
        await this.#coordination.create(path, EMPTY, 'persistent', signal)
      if (path === this.root || path.startsWith(`${this.root}/`))
        await this.#coordination.restrict(path, signal)
    }
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
