// The znodes above those that come and go: containers, which ZooKeeper removes some time after their last child.
import { OvateError } from '../errors.ts'
import { type Coordination } from './coordination.ts'

const EMPTY = Buffer.alloc(0)
/** A container may go between its making and its first child, as often as the server looks for empty ones. */
const TRIES = 5

export class Containers {
  readonly #coordination: Coordination
  readonly #root: string
  #supported = true

  /** What is above `root`, and it, is persistent; what is below are containers, where the server knows them. */
  constructor(coordination: Coordination, root: string) {
    this.#coordination = coordination
    this.#root = root
  }

  /** Makes `path` and whatever is missing above it; where there are credentials, only who has them may change what is in it. @throws OvateError OVATE_ZOOKEEPER, the signal's reason. */
  async make(path: string, signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      signal.throwIfAborted()
      const kind = this.#supported && path.length > this.#root.length ? 'container' : 'persistent'
      const created = await this.#coordination.create(path, EMPTY, kind, signal)
      if (created.kind === 'exists') return
      if (created.kind === 'created') return await this.#own(path, signal)
      if (created.kind === 'unsupported') this.#supported = false
      else await this.make(parentOf(path), signal)
    }
    throw new OvateError('OVATE_ZOOKEEPER', `${path}: it goes as often as it is made`)
  }

  // What is above the root isn't ours alone.
  async #own(path: string, signal: AbortSignal): Promise<void> {
    if (path.length >= this.#root.length) await this.#coordination.restrict(path, signal)
  }
}

/** @throws OvateError OVATE_ZOOKEEPER above the root: it isn't there when the connect string names a chroot that isn't. */
function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  if (slash > 0) return path.slice(0, slash)
  throw new OvateError('OVATE_ZOOKEEPER', `${path} can't be made: the chroot isn't there`)
}
