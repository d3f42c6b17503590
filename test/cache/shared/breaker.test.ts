import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Breaker, type BreakerState } from '../../../src/cache/shared/breaker.ts'
import { Breakers } from '../../../src/cache/shared/breakers.ts'
import { ManualClock } from '../../support/manual-clock.ts'

function opened(): { clock: ManualClock; breaker: Breaker; told: BreakerState[] } {
  const clock = new ManualClock()
  const told: BreakerState[] = []
  const breaker = new Breaker(clock, (state) => told.push(state))
  for (let call = 0; call < 5; call += 1) breaker.failed()
  return { clock, breaker, told }
}

test('it opens after five failures in a row, and an answer between them counts', () => {
  const breaker = new Breaker(new ManualClock(), () => undefined)
  for (const fails of [4, 4]) {
    for (let call = 0; call < fails; call += 1) breaker.failed()
    expect(breaker.take()).toBe(true)
    breaker.succeeded()
  }
  expect(opened().breaker.take()).toBe(false)
})

test('after a second one call tries; the others wait for how it goes', async () => {
  const { clock, breaker, told } = opened()
  await clock.advance(999)
  expect(breaker.take()).toBe(false)
  await clock.advance(1)
  expect([breaker.take(), breaker.take()]).toEqual([true, false])
  breaker.succeeded()
  expect([breaker.take(), breaker.take()]).toEqual([true, true])
  expect(told).toEqual(['open', 'half-open', 'closed'])
})

test('a try that fails opens it for another second', async () => {
  const { clock, breaker, told } = opened()
  await clock.advance(1_000)
  expect(breaker.take()).toBe(true)
  breaker.failed()
  expect(breaker.take()).toBe(false)
  await clock.advance(1_000)
  expect(breaker.take()).toBe(true)
  expect(told).toEqual(['open', 'half-open', 'open', 'half-open'])
})

test('what is lost at once opens nothing, but does not close what is open', async () => {
  const { clock, breaker, told } = opened()
  await clock.advance(1_000)
  expect(breaker.take()).toBe(true)
  breaker.lost()
  expect([breaker.take(), told]).toEqual([false, ['open', 'half-open', 'open']])
  const other = new Breaker(clock, () => undefined)
  for (let call = 0; call < 10; call += 1) other.lost()
  expect(other.take()).toBe(true)
})

test('while a server fails it gets few calls, whatever comes when', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 400 }), { minLength: 20, maxLength: 200 }), async (gaps) => {
      const clock = new ManualClock()
      const breaker = new Breaker(clock, () => undefined)
      let calls = 0
      let passedMs = 0
      for (const gap of gaps) {
        passedMs += gap
        await clock.advance(gap)
        expect(breaker.gives).toBe(breaker.take())
        if (breaker.state === 'open') continue
        calls += 1
        breaker.failed()
      }
      expect(calls).toBeLessThanOrEqual(5 + passedMs / 1_000)
    }),
    { numRuns: 20 },
  )
})

test('each server has its own', () => {
  const breakers = new Breakers(new ManualClock(), () => undefined)
  for (let call = 0; call < 5; call += 1) breakers.of('a').failed()
  expect([breakers.of('a').take(), breakers.of('b').take(), breakers.someFailing]).toEqual([
    false,
    true,
    true,
  ])
})

test('servers of long ago are forgotten', () => {
  const breakers = new Breakers(new ManualClock(), () => undefined)
  for (let call = 0; call < 5; call += 1) breakers.of('a').failed()
  for (let server = 0; server < 1_000; server += 1) breakers.of(`b${server}`)
  expect(breakers.someFailing).toBe(false)
})

test('a server that nobody asks any longer is no trouble for ever; one that goes on failing is', async () => {
  const clock = new ManualClock()
  const breakers = new Breakers(clock, () => undefined)
  for (let call = 0; call < 5; call += 1) breakers.of('a').failed()
  for (let second = 1; second <= 30; second += 1) {
    await clock.advance(1_000)
    if (breakers.of('a').take()) breakers.of('a').failed()
    expect(breakers.someFailing).toBe(true)
  }
  await clock.advance(9_999)
  expect(breakers.someFailing).toBe(true)
  await clock.advance(1)
  expect([breakers.someFailing, breakers.of('a').state]).toEqual([false, 'open'])
})
