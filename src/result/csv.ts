// Cells of JSON → fields of Druid's csv (`CsvWriter` with opencsv, 33.0.0).
import { type ByteSink } from './byte-sink.ts'
import { stringEnd } from './row-scan.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const NEWLINE = 0x0a
const RETURN = 0x0d
const OPEN_ARRAY = 0x5b
const OPEN_OBJECT = 0x7b
const LETTER_N = 0x6e
const BETWEEN_ITEMS = Buffer.from(', ')

/**
 * Appends one cell as a csv field: strings without their JSON quotes, null as nothing, lists as Java writes them, all
 * else as it stands. The cell is one that `scanRow` has found.
 */
export function csvField(out: ByteSink, bytes: Buffer, start: number, end: number): void {
  const first = bytes[start]
  if (first === QUOTE) csvString(out, bytes, start + 1, end - 1)
  else if (first === OPEN_ARRAY) csvText(out, listText(bytes, start, end))
  // Druid 33.0.0 writes objects as strings; should one come, it must not tear its line apart.
  else if (first === OPEN_OBJECT) csvText(out, bytes.subarray(start, end))
  else if (first !== LETTER_N) out.copy(bytes, start, end)
}

/** Whether a cell makes an empty field: null and the empty string do. */
export function isEmptyField(bytes: Buffer, start: number, end: number): boolean {
  return bytes[start] === LETTER_N || (bytes[start] === QUOTE && end === start + 2)
}

function csvString(out: ByteSink, bytes: Buffer, start: number, end: number): void {
  let quoted = false
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i]
    if (byte === BACKSLASH) return csvText(out, unescaped(bytes, start, end))
    if (byte === COMMA) quoted = true
  }
  if (quoted) out.push(QUOTE)
  out.copy(bytes, start, end)
  if (quoted) out.push(QUOTE)
}

const LONE_SURROGATE = /\p{Surrogate}/gu

// Java's encoder writes half a character as `?` (observed on 33.0.0), Node's as U+FFFD.
function unescaped(bytes: Buffer, start: number, end: number): Buffer {
  const text = JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string
  return Buffer.from(text.replaceAll(LONE_SURROGATE, '?'))
}

// `java.util.AbstractCollection.toString()`, which Druid's csv calls on arrays that are left as arrays: `[1, null, a,b]`.
function listText(bytes: Buffer, start: number, end: number): Buffer {
  const parts: Buffer[] = []
  let from = start
  for (let i = start; i < end; i += 1) {
    if (bytes[i] === COMMA) {
      parts.push(bytes.subarray(from, i), BETWEEN_ITEMS)
      from = i + 1
    } else if (bytes[i] === QUOTE) {
      const after = stringEnd(bytes, i)
      parts.push(bytes.subarray(from, i), unescaped(bytes, i + 1, after - 1))
      from = after
      i = after - 1
    }
  }
  return Buffer.concat([...parts, bytes.subarray(from, end)])
}

// Quoted where it holds a separator, a quote or a line end; quotes are doubled.
function csvText(out: ByteSink, text: Buffer): void {
  const quoted = text.some((byte) => byte === COMMA || byte === QUOTE || byte === NEWLINE || byte === RETURN)
  if (!quoted) return out.append(text)
  out.push(QUOTE)
  for (const byte of text) {
    if (byte === QUOTE) out.push(QUOTE)
    out.push(byte)
  }
  out.push(QUOTE)
}
