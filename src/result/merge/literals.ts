// Literals of SQL as Druid reads them.
import { type Compiled, constantOf } from './compiled.ts'

const INTEGER = /^\d{1,15}$/
/** DECIMAL and DOUBLE, both of which are doubles in Druid. */
const FRACTION = /^(\d*\.\d+|\d+\.)$|^\d+(\.\d*)?E[+-]?\d{1,2}$/i
/** Digits that a double and Calcite's decimals surely both hold. */
const DIGITS_MAX = 15
const TEXT = /^'((?:[^']|'')*)'$/
/** What Jackson escapes in another way than JSON.stringify; Druid writes `🌍` as two escapes (33.0.0). */
// oxlint-disable-next-line no-control-regex
const UNSURE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|[\ud800-\udfff\u{10000}-\u{10ffff}]/u

/** Undefined for a literal that isn't read. */
export function literal(text: string): Compiled | undefined {
  if (text.toUpperCase() === 'NULL') return constantOf('NULL', null)
  if (INTEGER.test(text)) return constantOf('LONG', Number(text))
  if (FRACTION.test(text) && text.replaceAll(/\D/g, '').length <= DIGITS_MAX)
    return constantOf('DOUBLE', Number(text))
  const inner = TEXT.exec(text)?.[1]?.replaceAll("''", "'")
  if (inner === undefined || UNSURE.test(inner)) return undefined
  return constantOf('STRING', Buffer.from(JSON.stringify(inner)).toString('latin1'))
}
