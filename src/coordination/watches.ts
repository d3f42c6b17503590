// Who waits for a change of which path: one entry per path and listener, each called once.

export class Watches {
  readonly #byPath = new Map<string, Set<() => void>>()

  add(path: string, listener: () => void): void {
    const listeners = this.#byPath.get(path) ?? new Set()
    this.#byPath.set(path, listeners.add(listener))
  }

  remove(path: string, listener: () => void): void {
    const listeners = this.#byPath.get(path)
    listeners?.delete(listener)
    if (listeners?.size === 0) this.#byPath.delete(path)
  }

  fire(path: string): void {
    const listeners = this.#byPath.get(path)
    this.#byPath.delete(path)
    for (const listener of listeners ?? []) listener()
  }

  /** After a session was lost nobody knows what changed: everything may have. */
  fireAll(): void {
    const paths = [...this.#byPath.keys()]
    for (const path of paths) this.fire(path)
  }

  get size(): number {
    return this.#byPath.size
  }
}
