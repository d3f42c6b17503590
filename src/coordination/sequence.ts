// The order of sequential znodes.

/**
 * The digits that ZooKeeper puts behind a name are a signed 32-bit count that goes on below zero after 2^31 - 1
 * (`%010d` of an int in PrepRequestProcessor, 3.8).
 */
const DIGITS = /_(-?\d{9,10})$/

/** Undefined for a name that no sequential create has made here. */
export function sequenceOf(name: string): number | undefined {
  const digits = DIGITS.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** How far `two` is behind `one`, also across the wrap: negative where it is ahead. Sound for spans below 2^31. */
function behind(one: number, two: number): number {
  return (two - one) | 0
}

/** Which of the names stands right before one that is at `sequence`; undefined: none, it is the first. */
export function rightBefore(names: readonly string[], sequence: number): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const name of names) {
    const other = sequenceOf(name)
    const distance = other === undefined ? 0 : behind(other, sequence)
    if (distance > 0 && distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}
