// Finds the cells of one row of Druid's array format, by bytes: `[cell,cell,…]`, written without white space.

const SPACE = 0x20
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const LETTER_U = 0x75

/** The row goes on past the bytes that are there. */
export const INCOMPLETE = -1
/** These bytes are no row. */
export const MALFORMED = -2

/** Where the cells of a row lie: `[starts[i], ends[i])`. Used again for each row. */
export class Cells {
  count = 0
  readonly starts: number[] = []
  readonly ends: number[] = []

  add(start: number, end: number): void {
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.count += 1
  }
}

/** Hot: runs for each row. The offset after the row that begins at `start`, its cells in `cells`; or what is wrong. */
export function scanRow(bytes: Buffer, start: number, cells: Cells): number {
  cells.count = 0
  if (start >= bytes.length) return INCOMPLETE
  if (bytes[start] !== OPEN_ARRAY) return MALFORMED
  let at = start + 1
  if (bytes[at] === CLOSE_ARRAY) return at + 1
  for (;;) {
    const end = cellEnd(bytes, at)
    if (end < 0) return end
    if (end >= bytes.length) return INCOMPLETE
    if (end === at) return MALFORMED
    cells.add(at, end)
    const next = bytes[end]
    if (next === CLOSE_ARRAY) return end + 1
    if (next !== COMMA) return MALFORMED
    at = end + 1
  }
}

function cellEnd(bytes: Buffer, start: number): number {
  const first = bytes[start]
  if (first === QUOTE) return stringEnd(bytes, start)
  if (first === OPEN_ARRAY || first === OPEN_OBJECT) return nestedEnd(bytes, start)
  let i = start
  for (; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0
    if (byte === COMMA || byte === CLOSE_ARRAY) return i
    // Numbers, true, false, null: nothing else may stand here.
    if (byte <= SPACE || byte === QUOTE || byte === OPEN_ARRAY || byte === OPEN_OBJECT) return MALFORMED
  }
  return i
}

/** The offset after the string whose opening quote is at `start`; or what is wrong. JSON.parse reads what passes here. */
export function stringEnd(bytes: Buffer, start: number): number {
  let i = start + 1
  while (i < bytes.length) {
    const byte = bytes[i] ?? 0
    if (byte === QUOTE) return i + 1
    if (byte < SPACE) return MALFORMED
    if (byte === BACKSLASH) {
      const next = escapeEnd(bytes, i + 1)
      if (next < 0) return next
      i = next
    } else i += 1
  }
  return INCOMPLETE
}

function escapeEnd(bytes: Buffer, start: number): number {
  if (start >= bytes.length) return INCOMPLETE
  const byte = bytes[start] ?? 0
  if (byte !== LETTER_U) return ESCAPES.includes(byte) ? start + 1 : MALFORMED
  for (let i = start + 1; i <= start + 4; i += 1) {
    if (i >= bytes.length) return INCOMPLETE
    if (!HEX.includes(bytes[i] ?? 0)) return MALFORMED
  }
  return start + 5
}

const ESCAPES = Buffer.from('"\\/bfnrt')
const HEX = Buffer.from('0123456789abcdefABCDEF')

function nestedEnd(bytes: Buffer, start: number): number {
  let depth = 0
  for (let i = start; i < bytes.length; i += 1) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      const end = stringEnd(bytes, i)
      if (end < 0) return end
      i = end - 1
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth += 1
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth -= 1
      if (depth === 0) return i + 1
    }
  }
  return INCOMPLETE
}
