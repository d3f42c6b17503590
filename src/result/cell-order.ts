// Cells of rows in Druid's order. Values stay the text that Druid wrote; what is compared is read from it when needed.
import { OvateError } from '../errors.ts'
import { readInstant } from '../time/instant-text.ts'

/** What an order compares: numbers (bigint past 2^53), text by its UTF-8 bytes, null. */
export type SortKey = number | bigint | Buffer | null

/** How cells of a column are read for comparing; undefined for types whose order isn't known here. */
export type KeyReader = (bytes: Buffer, start: number, end: number) => SortKey

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SAFE_DIGITS = 15

/**
 * The reader for a column by its native and SQL types, as in the heads of an answer. It throws OVATE_BROKER_FAILED at a
 * time that Druid doesn't write.
 */
export function keyReader(type: string, sqlType: string): KeyReader | undefined {
  if (sqlType === 'TIMESTAMP' || sqlType === 'DATE') return readTime
  if (sqlType === 'BOOLEAN') return readBoolean
  switch (type) {
    case 'LONG':
      return readLong
    case 'DOUBLE':
    case 'FLOAT':
      return readDouble
    case 'STRING':
      return readText
    default:
      return undefined
  }
}

function isNull(bytes: Buffer, start: number): boolean {
  return bytes[start] === 0x6e
}

function readLong(bytes: Buffer, start: number, end: number): SortKey {
  if (isNull(bytes, start)) return null
  const text = bytes.toString('latin1', start, end)
  return end - start <= SAFE_DIGITS ? Number(text) : BigInt(text)
}

/** Java writes what is no number as text: `"NaN"`, `"Infinity"`, `"-Infinity"`. */
function readDouble(bytes: Buffer, start: number, end: number): SortKey {
  if (isNull(bytes, start)) return null
  return bytes[start] === QUOTE
    ? Number(bytes.toString('latin1', start + 1, end - 1))
    : Number(bytes.toString('latin1', start, end))
}

function readBoolean(bytes: Buffer, start: number): SortKey {
  if (isNull(bytes, start)) return null
  return bytes[start] === 0x74 ? 1 : 0
}

/** What isn't understood has no place among others: the caller's text is left to Druid. */
function readTime(bytes: Buffer, start: number, end: number): SortKey {
  if (isNull(bytes, start)) return null
  const instant = readInstant(bytes.toString('latin1', start + 1, end - 1))
  if (instant === undefined) throw new OvateError('OVATE_BROKER_FAILED', 'a time that is not understood')
  return instant
}

function readText(bytes: Buffer, start: number, end: number): SortKey {
  if (isNull(bytes, start)) return null
  const inner = bytes.subarray(start + 1, end - 1)
  if (!inner.includes(BACKSLASH)) return inner
  return Buffer.from(JSON.parse(bytes.toString('utf8', start, end)) as string)
}

/** Where nulls go: Druid's groupBy has them first ascending and last descending; a topN the other way round at times. */
type NullsPlace = 'first' | 'last'

/**
 * Ascending; negative when `a` comes first. Numbers as Java's `Double.compare` has them (NaN above all else), texts as
 * its `String.compareTo` (33.0.0: `test/cluster/bad-cases.cluster.ts`).
 */
export function compareKeys(a: SortKey, b: SortKey): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  if (Buffer.isBuffer(a) || Buffer.isBuffer(b)) {
    return Buffer.isBuffer(a) && Buffer.isBuffer(b) ? compareTexts(a, b) : Buffer.isBuffer(a) ? 1 : -1
  }
  if (a < b) return -1
  if (a > b) return 1
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  // Java has -0.0 below 0.0.
  if (Object.is(a, -0) !== Object.is(b, -0)) return Object.is(a, -0) ? -1 : 1
  return 0
}

// Hot: once per comparison of a sort. By UTF-16 units: what lies beyond 16 bits begins with a unit below U+E000.
function compareTexts(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at += 1) {
    const one = a[at] ?? 0
    const other = b[at] ?? 0
    if (one !== other) return rankOf(one) - rankOf(other)
  }
  return a.length - b.length
}

/** Of a byte, by the UTF-16 units that begin with it: U+E000 to U+FFFF, behind 0xEE and 0xEF, come last. */
function rankOf(byte: number): number {
  return byte === 0xee || byte === 0xef ? byte + 0x10 : byte
}

/** One key of an order. */
export interface OrderBy {
  readonly descending: boolean
  readonly nulls: NullsPlace
}

/** Compares by one key, nulls where they belong. */
export function compareOrdered(a: SortKey, b: SortKey, { descending, nulls }: OrderBy): number {
  if (a === null || b === null) {
    if (a === b) return 0
    return (a === null) === (nulls === 'first') ? -1 : 1
  }
  const ascending = compareKeys(a, b)
  return descending ? -ascending : ascending
}
