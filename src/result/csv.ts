// Cells of JSON → fields of Druid's csv (`CsvWriter` with opencsv, 33.0.0).
import { type ByteSink } from './byte-sink.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const NEWLINE = 0x0a
const RETURN = 0x0d

/** Appends one cell as a csv field: strings without their JSON quotes, null as nothing, all else as it stands. */
export function csvField(out: ByteSink, bytes: Buffer, start: number, end: number): void {
  if (bytes[start] === QUOTE) csvString(out, bytes, start + 1, end - 1)
  else if (bytes[start] !== 0x6e) out.copy(bytes, start, end)
}

/** Whether a cell makes an empty field: null and the empty string do. */
export function isEmptyField(bytes: Buffer, start: number, end: number): boolean {
  return bytes[start] === 0x6e || (bytes[start] === QUOTE && end === start + 2)
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

function unescaped(bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.from(JSON.parse(bytes.toString('utf8', start - 1, end + 1)) as string)
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
