import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Dropped, type Write, WriteQueue } from '../../../src/cache/shared/write-queue.ts'
import { deferred, type Deferred } from '../../support/deferred.ts'
import { settle } from '../../support/manual-clock.ts'
import { stored } from './support.ts'

class Runs {
  readonly begun: string[] = []
  readonly dropped: Dropped[] = []
  readonly #ends: Deferred<void>[] = []
  readonly queue: WriteQueue

  constructor(bytesMax: number) {
    const run = (write: Write): Promise<void> => {
      this.begun.push(`${write.key}=${String(write.stored.body)}`)
      const end = deferred<void>()
      this.#ends.push(end)
      return end.promise
    }
    this.queue = new WriteQueue(bytesMax, run, (why) => this.dropped.push(why))
  }

  put(key: string, text = '', beganAtMs = 1): void {
    this.queue.put({ key, stored: stored(text, beganAtMs), lifeMs: 1 })
  }

  async endOne(fails = false): Promise<void> {
    const end = this.#ends.shift()
    if (fails) end?.reject(new Error('broken'))
    else end?.resolve()
    await settle()
  }
}

const soon = AbortSignal.timeout(30_000)

test('four run at once, in the order in which they were put', async () => {
  const runs = new Runs(100_000)
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) runs.put(key)
  expect(runs.begun).toEqual(['a=', 'b=', 'c=', 'd='])
  await runs.endOne()
  await runs.endOne(true)
  expect(runs.begun.slice(4)).toEqual(['e=', 'f='])
})

test('where there is no room the oldest goes, and what is too large by itself', () => {
  const runs = new Runs(6_200)
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']) runs.put(key)
  expect(runs.dropped).toEqual(['queue-full'])
  runs.put('m', 'x'.repeat(7_000))
  expect(runs.dropped).toEqual(['queue-full', 'queue-full'])
  expect(runs.queue.usage.entries).toBe(11)
})

test('of one key that waits the later one is written, in the place of the first', async () => {
  const runs = new Runs(100_000)
  for (const key of ['a', 'b', 'c', 'd']) runs.put(key)
  runs.put('e', 'old', 5)
  runs.put('f')
  runs.put('e', 'new', 6)
  runs.put('e', 'older', 4)
  await runs.endOne()
  expect(runs.begun.at(-1)).toBe('e=new')
  expect(runs.dropped).toEqual(['superseded', 'superseded'])
})

test('flushed waits for what was put before, not for what came after', async () => {
  const runs = new Runs(100_000)
  for (const key of ['a', 'b', 'c', 'd', 'e']) runs.put(key)
  let flushed = false
  const flush = runs.queue.flushed(soon).then(() => (flushed = true))
  runs.put('f')
  for (let end = 0; end < 4; end += 1) await runs.endOne()
  expect(flushed).toBe(false)
  await runs.endOne()
  await flush
  expect(runs.queue.usage.entries).toBe(1)
})

test('who waits for the flush leaves on their own signal', async () => {
  const runs = new Runs(100_000)
  runs.put('a')
  const left = new AbortController()
  const flush = runs.queue.flushed(left.signal)
  left.abort(new Error('no longer'))
  await expect(flush).rejects.toThrow('no longer')
  await new Runs(1).queue.flushed(soon)
})

test('closing drops what waits, takes nothing more, and waits for what runs', async () => {
  const runs = new Runs(100_000)
  for (const key of ['a', 'b', 'c', 'd', 'e']) runs.put(key)
  const flush = runs.queue.flushed(soon)
  const closed = runs.queue.close()
  runs.put('f')
  expect(runs.dropped).toEqual(['closed', 'closed'])
  for (let end = 0; end < 4; end += 1) await runs.endOne()
  await Promise.all([closed, flush])
  expect(runs.queue.usage).toEqual({ entries: 0, bytes: 0 })
})

test('never more bytes than allowed, none lost count of, and every flush ends', async () => {
  const step = fc.oneof(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
      length: fc.nat({ max: 2_000 }),
      beganAtMs: fc.nat({ max: 5 }),
    }),
    fc.constantFrom('end' as const, 'fail' as const, 'flush' as const),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const runs = new Runs(8_000)
      const flushes: Promise<void>[] = []
      let puts = 0
      for (const one of steps) {
        if (one === 'flush') flushes.push(runs.queue.flushed(soon))
        else if (typeof one === 'string') await runs.endOne(one === 'fail')
        else {
          runs.put(one.key, 'x'.repeat(one.length), one.beganAtMs)
          puts += 1
        }
        const { entries, bytes } = runs.queue.usage
        expect(bytes).toBeLessThanOrEqual(8_000)
        expect(bytes > 0).toBe(entries > 0)
      }
      for (let end = 0; end < puts; end += 1) await runs.endOne()
      await Promise.all(flushes)
      expect(runs.queue.usage).toEqual({ entries: 0, bytes: 0 })
      expect(runs.begun.length + runs.dropped.length).toBe(puts)
    }),
    { numRuns: 100 },
  )
})
