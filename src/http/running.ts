// Queries that run here, by the id that their clients know, so that a cancel finds even those that joined a flight and
// never reached Druid under their own id.
import { OvateError } from '../errors.ts'
import { type IdentityScope } from '../plan/query.ts'

interface Running {
  readonly identity: IdentityScope
  readonly stop: AbortController
}

export class RunningQueries {
  readonly #byId = new Map<string, Set<Running>>()

  get size(): number {
    return this.#byId.size
  }

  has(id: string): boolean {
    return this.#byId.has(id)
  }

  /** Registers a query; the function returned takes it off again. There are no more of them than open requests. */
  begin(id: string, identity: IdentityScope, stop: AbortController): () => void {
    const running = { identity, stop }
    const same = this.#byId.get(id)
    if (same === undefined) this.#byId.set(id, new Set([running]))
    else same.add(running)
    return () => {
      const all = this.#byId.get(id)
      all?.delete(running)
      if (all?.size === 0) this.#byId.delete(id)
    }
  }

  /** Ends all queries of this id that the same identity began; whether there were any. */
  cancel(id: string, identity: IdentityScope): boolean {
    const own = [...(this.#byId.get(id) ?? [])].filter((running) => running.identity === identity)
    for (const { stop } of own) stop.abort(new OvateError('OVATE_CANCELLED', `Query [${id}] was canceled`))
    return own.length > 0
  }
}
