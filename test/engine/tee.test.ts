import { describe, expect, test } from 'vitest'
import { Tee, type TeeOptions } from '../../src/engine/tee.ts'
import { deferred } from '../support/deferred.ts'
import { settle } from '../support/manual-clock.ts'

/** A source of chunks that counts what was taken from it, and knows whether it was ended early. */
class Source {
  taken = 0
  left = false
  readonly #chunks: number
  readonly #sizeBytes: number

  constructor(chunks: number, sizeBytes: number) {
    this.#chunks = chunks
    this.#sizeBytes = sizeBytes
  }

  async *read(): AsyncGenerator<Buffer> {
    this.left = true
    for (; this.taken < this.#chunks; this.taken += 1) yield Buffer.alloc(this.#sizeBytes, 'x')
    this.left = false
  }
}

/** Counts what is held, against a limit. */
function account(limitBytes: number): { heldBytes: number; readonly hold: TeeOptions['hold'] } {
  const counted = {
    heldBytes: 0,
    hold: (bytes: number): boolean => {
      if (bytes > 0 && counted.heldBytes + bytes > limitBytes) return false
      counted.heldBytes += bytes
      return true
    },
  }
  return counted
}

async function drain(body: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0
  for await (const chunk of body) bytes += chunk.length
  return bytes
}

describe('what is held', () => {
  test('stays counted until a slow reader has it, though the flight has ended', async () => {
    const held = account(1_000)
    const tee = new Tee(new Source(8, 100).read(), { maxBytes: 1_000, hold: held.hold })
    expect(await tee.collect()).toMatchObject({ kind: 'whole', sizeBytes: 800 })
    expect(held.heldBytes).toBe(800)
    expect(await drain(tee.read())).toBe(800)
    expect(held.heldBytes).toBe(0)
  })

  test.each<[string, number, number, string]>([
    ['too large an answer', 300, 10_000, 'too-large'],
    ['too little room', 10_000, 300, 'no-room'],
  ])('%s is given back as it is read', async (_, maxBytes, roomBytes, kind) => {
    const held = account(roomBytes)
    const tee = new Tee(new Source(20, 100).read(), { maxBytes, hold: held.hold })
    expect(await tee.collect()).toEqual({ kind })
    expect(held.heldBytes).toBe(300)
    expect(await drain(tee.read())).toBe(2_000)
    expect(held.heldBytes).toBe(0)
  })

  test.each<[string, number]>([
    ['an answer that is kept', 10_000_000],
    ['one that is too large', 250_000],
  ])('is given back when the reader of %s leaves in the middle', async (_, maxBytes) => {
    const held = account(10_000_000)
    const tee = new Tee(new Source(50, 100_000).read(), { maxBytes, hold: held.hold })
    await tee.collect()
    for await (const chunk of tee.read()) {
      expect(chunk).toHaveLength(100_000)
      break
    }
    await settle()
    expect(held.heldBytes).toBe(0)
  })
})

test('a reader that stands still takes no more than a window of what is too large', async () => {
  const source = new Source(100, 100_000)
  const held = account(10_000_000)
  const tee = new Tee(source.read(), { maxBytes: 250_000, hold: held.hold })
  await tee.collect()
  await settle()
  expect(source.taken).toBeLessThan(20)
  expect(held.heldBytes).toBeLessThanOrEqual(250_000)
})

test('who left before it began to read holds up nothing, and what nobody reads is not fetched on', async () => {
  const source = new Source(1_000, 100_000)
  const held = account(10_000_000)
  const tee = new Tee(source.read(), { maxBytes: 250_000, hold: held.hold })
  tee.read()
  tee.leave()
  expect(await tee.collect()).toEqual({ kind: 'too-large' })
  await settle()
  expect(source.taken).toBeLessThan(20)
  expect(source.left).toBe(true)
  expect(held.heldBytes).toBe(0)
})

test('a reader that waits for news ends when it is told to leave', async () => {
  const never = deferred<void>()
  const source = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('x')
    await never.promise
  }
  const tee = new Tee(source(), { maxBytes: 100, hold: () => true })
  const collected = tee.collect()
  const reading = drain(tee.read())
  await settle()
  tee.leave()
  expect(await reading).toBe(1)
  never.resolve()
  expect(await collected).toMatchObject({ kind: 'whole' })
})
