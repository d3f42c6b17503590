import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertSound, decode, encode, sizeOf, VERSION } from '../../../src/cache/shared/codec.ts'
import { type Meta, type Stored } from '../../../src/cache/shared/stored.ts'
import { stored } from './support.ts'

const MAX = 1_000_000
const KEY = 'ovate:1:abc'

const anyStored = fc.record({
  meta: fc.record({
    beganAtMs: fc.double({ min: 0, max: 8.64e15, noNaN: true }),
    generation: fc.string({ unit: 'binary', maxLength: 50 }),
    epoch: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    proof: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  }),
  body: fc
    .tuple(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 40 }))
    .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes))),
})

test('what is read is what was written, compressed or not', async () => {
  await fc.assert(
    fc.asyncProperty(anyStored, fc.nat({ max: 10_000 }), async (given, compressAbove) => {
      const bytes = await encode(KEY, given, compressAbove)
      expect(bytes.length).toBeLessThanOrEqual(sizeOf(given))
      expect(await decode(KEY, bytes, MAX)).toEqual(given)
    }),
  )
})

test("compression makes Druid's JSON smaller, and is left out where it would not", async () => {
  const rows = stored(
    JSON.stringify(Array.from({ length: 500 }, (_, at) => ['2026-11-20T12:00:00.000Z', at])),
  )
  expect((await encode(KEY, rows, 4_096)).length).toBeLessThan(sizeOf(rows) / 3)
  const noise = { ...rows, body: randomBytes(5_000) }
  expect((await encode(KEY, noise, 1)).length).toBe(sizeOf(noise))
})

describe('never another body than the one that was written', () => {
  const cases: readonly [string, Stored, number][] = [
    ['a plain entry', stored('[["a",1],["b",2]]'), 4_096],
    ['a compressed one', stored('["a",1],'.repeat(30)), 10],
  ]

  test.each(cases)('%s with any bit turned', async (_, entry, compressAbove) => {
    const bytes = await encode(KEY, entry, compressAbove)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const turned = Buffer.from(bytes)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(await decode(KEY, turned, MAX), `bit ${bit}`).toBeTypeOf('string')
    }
  })

  test.each(cases)('%s that was cut, or has more behind it', async (_, entry, compressAbove) => {
    const bytes = await encode(KEY, entry, compressAbove)
    for (let length = 0; length < bytes.length; length += 1)
      expect(await decode(KEY, bytes.subarray(0, length), MAX), `${length} bytes`).toBeTypeOf('string')
    expect(await decode(KEY, Buffer.concat([bytes, Buffer.from([0])]), MAX)).toBe('length')
  })

  test.each(cases)('%s that lies under another key', async (_, entry, compressAbove) => {
    expect(await decode('ovate:1:abd', await encode(KEY, entry, compressAbove), MAX)).toBe('checksum')
  })

  test('any bytes, also behind a sound beginning', async () => {
    const sound = await encode(KEY, stored('x'), 10)
    const held = fc.assert(
      fc.asyncProperty(
        fc.nat({ max: sound.length }),
        fc.uint8Array({ maxLength: 300 }),
        async (kept, noise) => {
          const bytes = Buffer.concat([sound.subarray(0, kept), noise])
          const read = await decode(KEY, bytes, MAX)
          return bytes.equals(sound) || typeof read === 'string'
        },
      ),
      { numRuns: 500 },
    )
    await expect(held).resolves.toBeUndefined()
  })
})

describe('what no writer of ours has written is told by why', () => {
  test.each<[string, (bytes: Buffer) => Buffer | undefined, string]>([
    ['other bytes', () => Buffer.alloc(100, 'x'), 'foreign'],
    ['another version', (bytes) => void bytes.writeUInt8(VERSION + 1, 4), 'version'],
    ['an absurd length', (bytes) => void bytes.writeUInt32BE(0xffff_ffff, 36), 'length'],
    ['a body that would be absurdly long', (bytes) => void bytes.writeUInt32BE(0xffff_ffff, 28), 'too-large'],
    ['more bytes than an entry has', () => Buffer.alloc(MAX + 1), 'too-large'],
    ['nothing', () => Buffer.alloc(0), 'length'],
  ])('%s', async (_, change, why) => {
    const bytes = await encode(KEY, stored('hello'), 4_096)
    expect(await decode(KEY, change(bytes) ?? bytes, MAX)).toBe(why)
  })
})

/** As a writer would make it that isn't ours: the checksum is right. */
function forged(bytes: Buffer, change: (bytes: Buffer) => unknown): Buffer {
  change(bytes)
  bytes.writeUInt32BE(crc32(bytes.subarray(28), crc32(bytes.subarray(0, 24), crc32(KEY))), 24)
  return bytes
}

describe('a right checksum over what can not be is told by why', () => {
  test.each<[string, string, (bytes: Buffer) => unknown]>([
    [
      'a body that is longer than it says: no more memory is taken',
      'compression',
      (b) => b.writeUInt32BE(100, 28),
    ],
    ['a body that is shorter than it says', 'compression', (b) => b.writeUInt32BE(910_000, 28)],
    ['a body of nothing', 'compression', (b) => b.writeUInt32BE(0, 28)],
    ['a body that is not compressed', 'compression', (b) => b.fill('x', 60)],
    ['two times', 'content', (b) => b.writeDoubleBE(5, 16)],
    [
      'a time that is none',
      'content',
      (b) => [b.writeDoubleBE(Number.NaN, 8), b.writeDoubleBE(Number.NaN, 16)],
    ],
    ['half an epoch', 'content', (b) => b.writeDoubleBE(0.5, 44)],
    ['flags of later times', 'content', (b) => b.writeUInt8(2, 5)],
    ['two lengths of a body that is not compressed', 'content', (b) => b.writeUInt8(0, 5)],
  ])('%s: %s', async (_, why, change) => {
    const bytes = await encode(KEY, stored('0'.repeat(900_000)), 10)
    expect(bytes.length).toBeLessThan(1_000)
    expect(await decode(KEY, forged(bytes, change), MAX)).toBe(why)
  })
})

test('an entry shares no memory with the reply that it came in', async () => {
  const bytes = await encode(KEY, stored('hello'), 4_096)
  const read = (await decode(KEY, bytes, MAX)) as Stored
  bytes.fill(0)
  expect([String(read.body), String(read.meta.proof)]).toEqual(['hello', 'proof'])
})

test.each<[string, Partial<Meta>, string]>([
  ['no time', { beganAtMs: Number.NaN }, 'at no time'],
  ['a time before all', { beganAtMs: -1 }, 'at no time'],
  ['half an epoch', { epoch: 0.5 }, 'no purge epoch'],
  ['an endless generation', { generation: 'x'.repeat(70_000) }, 'too long'],
])('an entry with %s is a mistake of the program', (_, meta, message) => {
  const given = stored('x')
  expect(() => assertSound({ ...given, meta: { ...given.meta, ...meta } })).toThrow(message)
  expect(() => assertSound(given)).not.toThrow()
})
