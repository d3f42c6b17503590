// Numbers that look random and are the same in every run.

export interface Random {
  /** In [0, 1). */
  next(): number
  /** An integer in [0, below). */
  below(below: number): number
  pick<Item>(items: readonly [Item, ...Item[]]): Item
}

/** Mulberry32: a 32-bit state, good enough for data and fast enough for millions of rows. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item => {
    const at = below(items.length)
    // An item may be null.
    return at < items.length ? (items[at] as Item) : items[0]
  }
  return { next, below, pick }
}
