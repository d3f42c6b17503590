// Reads the answer of `candidates` piece by piece: a long timeline never holds up the thread that serves hits.
import { OvateError } from '../errors.ts'
import { type Segment, segmentOf } from './segments.ts'

const OPEN = 0x7b
const CLOSE = 0x7d
const QUOTE = 0x22
const BACKSLASH = 0x5c
/** One listed segment is some 300 bytes, and some more for each replica. */
const ELEMENT_MAX_BYTES = 1_000_000

/**
 * The segments in a JSON array of objects. Between the chunks of the body the event loop runs, so a list of any length
 * is read in slices of a chunk each.
 * @throws OvateError OVATE_BROKER_FAILED when it is no such list, has more than `segmentsMax`, or is cut.
 */
export async function readCandidates(body: AsyncIterable<Buffer>, segmentsMax: number): Promise<Segment[]> {
  const segments: Segment[] = []
  const elements = new Elements()
  for await (const chunk of body) {
    for (const text of elements.push(chunk)) {
      if (segments.length >= segmentsMax) throw broken(`the timeline has more than ${segmentsMax} segments`)
      segments.push(segmentOf(JSON.parse(text)))
    }
  }
  if (!elements.complete) throw broken('the list of segments is cut')
  return segments
}

/** Cuts a JSON array of objects into the texts of its elements, by brackets and strings alone. */
class Elements {
  #rest = Buffer.alloc(0)
  #depth = 0
  #inString = false
  #escaped = false
  #started = false
  #last = 0

  get complete(): boolean {
    return this.#started && this.#depth === 0 && !this.#inString && this.#last === 0x5d
  }

  *push(chunk: Buffer): Generator<string> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let start = this.#depth > 0 ? 0 : -1
    for (let i = this.#rest.length; i < bytes.length; i += 1) {
      const byte = bytes[i] ?? 0
      if (this.#skipsString(byte)) continue
      if (byte > 0x20) this.#last = byte
      if (byte === 0x5b && this.#depth === 0) this.#started = true
      if (byte === OPEN) {
        if (this.#depth === 0) start = i
        this.#depth += 1
      } else if (byte === CLOSE) {
        this.#depth -= 1
        if (this.#depth === 0 && start >= 0) {
          yield bytes.toString('utf8', start, i + 1)
          start = -1
        }
      }
    }
    this.#rest = start >= 0 ? Buffer.from(bytes.subarray(start)) : Buffer.alloc(0)
    if (this.#rest.length > ELEMENT_MAX_BYTES) throw broken('a listed segment is too long')
  }

  #skipsString(byte: number): boolean {
    if (!this.#inString) {
      this.#inString = byte === QUOTE
      return this.#inString
    }
    if (this.#escaped) this.#escaped = false
    else if (byte === BACKSLASH) this.#escaped = true
    else if (byte === QUOTE) this.#inString = false
    return true
  }
}

function broken(message: string): OvateError {
  return new OvateError('OVATE_BROKER_FAILED', message)
}
