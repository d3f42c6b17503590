// Doubles that were added up in another order than Druid's.

/** Far more than what another order of adding makes, far less than what people ask for. */
const TOLERANCE = 1e-9

/** Whether two sums may be the same number, or lie the other way round, in Druid's own order of adding. */
export function isNear(a: number, b: number): boolean {
  if (a === 0 && b === 0) return false
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b))
}

/** Digits that may be lost when sums that are almost alike are taken from each other. */
const CANCELLED = 1e-4

/** Whether what is left of two sums is mostly made of their last bits. */
export function isCancelled(result: number, a: number, b: number): boolean {
  return Math.abs(result) < CANCELLED * Math.max(Math.abs(a), Math.abs(b))
}
