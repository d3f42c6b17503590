// Numbers as Java writes them, which is how Druid prints them.

const PLAIN_MIN = 1e-3
const PLAIN_MAX = 1e7

/** `Double.toString`: `1.0`, `1.0E7`, `1.0E-4`. The digits are the shortest ones, as of Java 19. */
export function doubleText(value: number): string {
  const magnitude = Math.abs(value)
  return javaText(value, twoDigits(magnitude, Number) ?? String(magnitude))
}

const FIRST_LARGE = 2 ** 53
const FIRST_TOO_LARGE = 2 ** 63
/** By the power of two past the 54 bits that count: digits of an integer that don't (`insignificantDigitsForPow2`, JDK 17). */
const INSIGNIFICANT = [0, 0, 0, 0, 1, 1, 1, 2, 2]

/** As of before Java 19, which wrote integers from 2^53 to 2^63 with more digits than needed: `1.8014398509814768E16`. */
export function olderDoubleText(value: number): string {
  const magnitude = Math.abs(value)
  if (!(magnitude >= FIRST_LARGE && magnitude < FIRST_TOO_LARGE)) return doubleText(value)
  const exact = BigInt(magnitude)
  const power = exact.toString(2).length - 55
  const unit = 10n ** BigInt(INSIGNIFICANT[power] ?? 0)
  return javaText(value, String(((exact + unit / 2n) / unit) * unit))
}

/** `Float.toString` of a 32-bit float: fewer digits are enough to tell it from its neighbours. */
export function floatText(value: number): string {
  const magnitude = Math.abs(value)
  const two = twoDigits(magnitude, (text) => Math.fround(Number(text)))
  if (two !== undefined) return javaText(value, two)
  for (let digits = 3; digits <= 9; digits += 1) {
    const text = magnitude.toPrecision(digits)
    if (Math.fround(Number(text)) === magnitude) return javaText(value, String(Number(text)))
  }
  return javaText(value, String(magnitude))
}

/** Java writes two digits at least, and the nearest ones: `4.9E-324` where one digit, 5, would be enough. */
function twoDigits(magnitude: number, read: (text: string) => number): string | undefined {
  const text = magnitude.toPrecision(2)
  return read(text) === magnitude ? text : undefined
}

function javaText(value: number, shortest: string): string {
  if (Number.isNaN(value)) return 'NaN'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const magnitude = Math.abs(value)
  if (magnitude === Number.POSITIVE_INFINITY) return `${sign}Infinity`
  if (magnitude === 0) return `${sign}0.0`
  const { digits, exponent } = parts(shortest)
  const text =
    magnitude >= PLAIN_MIN && magnitude < PLAIN_MAX ? plain(digits, exponent) : scientific(digits, exponent)
  return sign + text
}

/** Significant digits without zeros round them, and the power of ten of the first one. */
function parts(text: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = text.split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = (whole + fraction).replace(/^0+/, '')
  const leading = (whole + fraction).length - all.length
  return { digits: all.replace(/0+$/, '') || '0', exponent: whole.length - 1 - leading + Number(power) }
}

function plain(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  const padded = digits.padEnd(exponent + 1, '0')
  return `${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1) || '0'}`
}

function scientific(digits: string, exponent: number): string {
  return `${digits[0] ?? '0'}.${digits.slice(1) || '0'}E${exponent}`
}
