// Rows that leave the process: a small head as JSON, and blobs behind it.
//
//   0  length of the index, 4     4  index: {"head":…,"lengths":[…]}     …  the blobs, one after the other
import { z } from 'zod'

/** Of all that is packed, and part of its key: raised when that changes, or when what was packed before is not to be read. */
export const PACKED_FORMAT = 2

export interface Packed {
  readonly head: unknown
  readonly blobs: readonly Buffer[]
}

const LENGTH_BYTES = 4
const BLOBS_MAX = 2_000

const index = z.strictObject({
  head: z.unknown(),
  lengths: z.array(z.number().int().nonnegative()).max(BLOBS_MAX),
})

export function pack({ head, blobs }: Packed): Buffer {
  const text = Buffer.from(JSON.stringify({ head, lengths: blobs.map(({ length }) => length) }))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text, ...blobs])
}

/** Undefined for bytes that aren't so packed. The blobs are views of the bytes. */
export function unpack(bytes: Buffer): Packed | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined
  let at = LENGTH_BYTES + bytes.readUInt32BE(0)
  if (at > bytes.length) return undefined
  const read = index.safeParse(parsed(bytes.toString('utf8', LENGTH_BYTES, at)))
  if (!read.success) return undefined
  const { head, lengths } = read.data
  if (lengths.reduce((sum, length) => sum + length, at) !== bytes.length) return undefined
  const blobs = lengths.map((length) => bytes.subarray(at, (at += length)))
  return { head, blobs }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function blobOf(numbers: Float64Array | Uint32Array | Uint8Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
}

/** Undefined for a length that isn't one of such numbers. In memory of its own, aligned as they need it. */
export function doublesIn(blob: Buffer | undefined): Float64Array | undefined {
  const own = aligned(blob, Float64Array.BYTES_PER_ELEMENT)
  return own && new Float64Array(own)
}

/** As `doublesIn`. */
export function wordsIn(blob: Buffer | undefined): Uint32Array | undefined {
  const own = aligned(blob, Uint32Array.BYTES_PER_ELEMENT)
  return own && new Uint32Array(own)
}

function aligned(blob: Buffer | undefined, unitBytes: number): ArrayBuffer | undefined {
  if (blob === undefined || blob.length % unitBytes !== 0) return undefined
  const own = new ArrayBuffer(blob.length)
  blob.copy(Buffer.from(own))
  return own
}

export function isAscending(numbers: Float64Array | Uint32Array, by: 'above' | 'not-below'): boolean {
  return numbers.every((value, at) => {
    const last = numbers[at - 1]
    return last === undefined || (by === 'above' ? value > last : value >= last)
  })
}
