// Floating point numbers as Java writes them. Sums of them depend on the order of rows, in Druid itself from run to run.

/** Integers never match: they have neither a point nor an exponent. */
const FLOATING = /^-?\d+(?:\.\d+)?(?:E-?\d+)?$/
/** Far more than sums in another order can be off, far less than what a lost row makes of most sums. */
const CLOSE = 1e-9
/** Numbers of this many digits are the same where their last bits are left out of account. */
const DIGITS = 8

/** Whether two cells are the same text, or floating point numbers that differ in their last bits. */
export function isClose(one: string, other: string, close = CLOSE): boolean {
  if (one === other) return true
  if (!isFloating(one) || !isFloating(other)) return false
  const [a, b] = [Number(one), Number(other)]
  return Math.abs(a - b) <= close * Math.max(Math.abs(a), Math.abs(b))
}

/** A text that is the same for most cells that are close, by which rows can be brought into one order. */
export function nearly(cell: string, digits = DIGITS): string {
  return isFloating(cell) ? Number(cell).toPrecision(digits) : cell
}

function isFloating(cell: string): boolean {
  return FLOATING.test(cell) && /[.E]/.test(cell)
}
