// An entry as bytes. Numbers are big-endian; the first 24 bytes are what the store's script reads (script.ts).
//
//    0  magic "OVAT"                    28  length of the body before compression, 4
//    4  version, 1                      32  length of the body as it lies here, 4
//    5  flags, 1: 1 = compressed        36  length of the generation, 4
//    6  zero, 2                         40  length of the proof, 4
//    8  beganAtMs, a double             44  purge epoch, a double
//   16  beganAtMs once more             52  generation, proof, body
//   24  CRC-32 of the key and all the rest, 4
import assert from 'node:assert'
import { crc32 } from 'node:zlib'
import { compress, decompress } from './compress.ts'
import { type Stored } from './stored.ts'

/** A new one for each change of the bytes, and where what lies there may be wrong; a part of each key, so old and new replicas don't meet. */
export const VERSION = 2
const MAGIC = Buffer.from('OVAT')
const COMPRESSED = 1
const CRC_AT = 24
const HEADER_BYTES = 52
const GENERATION_MAX_BYTES = 65_535

/** Why an entry is a miss though something is there. */
export type BadEntry = 'foreign' | 'version' | 'too-large' | 'length' | 'checksum' | 'compression' | 'content'

/** Before it is queued, so that whoever made it learns of the mistake. @throws AssertionError. */
export function assertSound({ meta }: Stored): void {
  assert(Number.isFinite(meta.beganAtMs) && meta.beganAtMs >= 0, 'an entry began at no time')
  assert(Number.isSafeInteger(meta.epoch) && meta.epoch >= 0, 'an entry has no purge epoch')
  assert(Buffer.byteLength(meta.generation) <= GENERATION_MAX_BYTES, 'a generation is too long')
}

/** Bytes that an entry takes at most, compressed or not. */
export function sizeOf({ meta, body }: Stored): number {
  return HEADER_BYTES + Buffer.byteLength(meta.generation) + meta.proof.length + body.length
}

/** The checksum holds the key too: an entry that lies under another one, or came as the reply to another call, is bad. */
export async function encode(key: string, stored: Stored, compressAboveBytes: number): Promise<Buffer> {
  const { meta, body } = stored
  const generation = Buffer.from(meta.generation)
  const smaller = body.length > compressAboveBytes ? await compress(body) : body
  const compressed = smaller.length < body.length
  const kept = compressed ? smaller : body
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header.writeUInt8(VERSION, 4)
  header.writeUInt8(compressed ? COMPRESSED : 0, 5)
  header.writeDoubleBE(meta.beganAtMs, 8)
  header.writeDoubleBE(meta.beganAtMs, 16)
  header.writeUInt32BE(body.length, 28)
  header.writeUInt32BE(kept.length, 32)
  header.writeUInt32BE(generation.length, 36)
  header.writeUInt32BE(meta.proof.length, 40)
  header.writeDoubleBE(meta.epoch, 44)
  const bytes = Buffer.concat([header, generation, meta.proof, kept])
  bytes.writeUInt32BE(checksum(key, bytes), CRC_AT)
  return bytes
}

/** Never throws, whatever the bytes are; the entry shares no memory with them. */
export async function decode(key: string, bytes: Buffer, entryMaxBytes: number): Promise<Stored | BadEntry> {
  const frame = frameOf(key, bytes, entryMaxBytes)
  if (typeof frame === 'string') return frame
  const { generationLength, proofLength, bodyLength } = frame
  const proofAt = HEADER_BYTES + generationLength
  const bodyAt = proofAt + proofLength
  const kept = bytes.subarray(bodyAt)
  const body = frame.compressed ? await decompress(kept, bodyLength) : own(kept)
  if (body === undefined) return 'compression'
  const generation = bytes.toString('utf8', HEADER_BYTES, proofAt)
  const { beganAtMs, epoch } = frame
  return { meta: { beganAtMs, generation, epoch, proof: own(bytes.subarray(proofAt, bodyAt)) }, body }
}

interface Frame {
  readonly beganAtMs: number
  readonly epoch: number
  readonly compressed: boolean
  readonly generationLength: number
  readonly proofLength: number
  readonly bodyLength: number
}

function frameOf(key: string, bytes: Buffer, entryMaxBytes: number): Frame | BadEntry {
  if (bytes.length > entryMaxBytes) return 'too-large'
  if (bytes.length < HEADER_BYTES) return 'length'
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'foreign'
  if (bytes.readUInt8(4) !== VERSION) return 'version'
  const flags = bytes.readUInt8(5)
  const bodyLength = bytes.readUInt32BE(28)
  const keptLength = bytes.readUInt32BE(32)
  const generationLength = bytes.readUInt32BE(36)
  const proofLength = bytes.readUInt32BE(40)
  const around = HEADER_BYTES + generationLength + proofLength
  if (around + keptLength !== bytes.length) return 'length'
  if (around + bodyLength > entryMaxBytes) return 'too-large'
  if (bytes.readUInt32BE(CRC_AT) !== checksum(key, bytes)) return 'checksum'
  const compressed = flags === COMPRESSED
  const beganAtMs = bytes.readDoubleBE(8)
  const epoch = bytes.readDoubleBE(44)
  // From here on only a writer that isn't ours can be at fault.
  const sound =
    flags <= COMPRESSED &&
    (compressed || keptLength === bodyLength) &&
    Number.isFinite(beganAtMs) &&
    beganAtMs === bytes.readDoubleBE(16) &&
    Number.isSafeInteger(epoch)
  return sound ? { beganAtMs, epoch, compressed, generationLength, proofLength, bodyLength } : 'content'
}

function checksum(key: string, bytes: Buffer): number {
  const before = crc32(bytes.subarray(0, CRC_AT), crc32(key))
  return crc32(bytes.subarray(CRC_AT + 4), before)
}

/** A view would keep the whole reply in memory that it was cut from. */
function own(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
