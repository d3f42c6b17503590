import { describe, expect, test, vi } from 'vitest'
import { Flights, type Start } from '../../src/flight/flights.ts'
import { deferred } from '../support/deferred.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const NEVER = new AbortController().signal

function board(): { flights: Flights<string>; clock: ManualClock } {
  const clock = new ManualClock()
  return { flights: new Flights<string>(clock), clock }
}

test('who asks while one is in the air gets its answer', async () => {
  const { flights } = board()
  const answer = deferred<string>()
  const start = vi.fn<Start<string>>(() => answer.promise)
  const all = Promise.all([1, 2, 3].map(() => flights.join('k', 1_000, start, NEVER)))
  answer.resolve('rows')
  expect(await all).toEqual([
    { answer: 'rows', role: 'began' },
    { answer: 'rows', role: 'joined' },
    { answer: 'rows', role: 'joined' },
  ])
  expect(start).toHaveBeenCalledTimes(1)
  expect(flights.size).toBe(0)
})

test.each([
  ['began longer ago than the asker allows', 2_000, 1_000],
  ['began before the asker, who joins none', 0, -1],
])('a flight that %s is not joined', async (_, ageMs, ageMaxMs) => {
  const { flights, clock } = board()
  const first = deferred<string>()
  const one = flights.join('k', 1_000, () => first.promise, NEVER)
  await clock.advance(ageMs)
  const two = await flights.join('k', ageMaxMs, () => Promise.resolve('second'), NEVER)
  first.resolve('first')
  expect(two).toEqual({ answer: 'second', role: 'began' })
  expect(await one).toEqual({ answer: 'first', role: 'began' })
})

test('a flight goes on while one waiter is left, and stops when the last has gone', async () => {
  const { flights } = board()
  const [one, two] = [new AbortController(), new AbortController()]
  let stop: AbortSignal | undefined
  const start = (signal: AbortSignal): Promise<string> => {
    stop = signal
    return deferred<string>().promise
  }
  const first = flights.join('k', 1_000, start, one.signal)
  const second = flights.join('k', 1_000, start, two.signal)
  one.abort(new Error('gone one'))
  await expect(first).rejects.toThrow('gone one')
  expect(stop?.aborted).toBe(false)
  two.abort(new Error('gone two'))
  await expect(second).rejects.toThrow('gone two')
  expect(stop?.aborted).toBe(true)
  expect(flights.size).toBe(0)
})

test('who begins anew after a failure does not join what has failed', async () => {
  const { flights } = board()
  const start = vi.fn<Start<string>>().mockRejectedValueOnce(new Error('first')).mockResolvedValue('second')
  const attempt = async (): Promise<string> => {
    try {
      return (await flights.join('k', 1_000, start, NEVER)).answer
    } catch {
      return (await flights.join('k', 1_000, start, NEVER)).answer
    }
  }
  expect(await Promise.all([attempt(), attempt(), attempt()])).toEqual(['second', 'second', 'second'])
  expect(start).toHaveBeenCalledTimes(2)
})

test('a caller that has gone already begins nothing', async () => {
  const { flights } = board()
  const start = vi.fn<Start<string>>(() => Promise.resolve('rows'))
  await expect(flights.join('k', 1_000, start, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  expect(start).not.toHaveBeenCalled()
})

test('what is in the air can be listed', async () => {
  const { flights, clock } = board()
  const answer = deferred<string>()
  const waiting = [1, 2].map(() => flights.join('k', 10_000, () => answer.promise, NEVER))
  await clock.advance(1_500)
  expect(flights.list()).toEqual([{ key: 'k', ageMs: 1_500, waiters: 2 }])
  answer.resolve('rows')
  await Promise.all(waiting)
})

describe('an answer that has landed and lasts', () => {
  const over = deferred<void>()
  const clock = new ManualClock()
  const flights = new Flights<string>(clock, (answer) => (answer === 'lasting' ? over.promise : undefined))
  const ask = async (ageMaxMs: number, fresh: string): Promise<unknown> =>
    await flights.join('k', ageMaxMs, () => Promise.resolve(fresh), NEVER)

  test('is given to who asks within its age, though nobody waits for it any more', async () => {
    expect(await ask(1_000, 'lasting')).toEqual({ answer: 'lasting', role: 'began' })
    expect(flights.size).toBe(0)
    await clock.advance(500)
    expect(await ask(1_000, 'second')).toEqual({ answer: 'lasting', role: 'joined' })
    expect(await ask(1_000, 'second')).toEqual({ answer: 'lasting', role: 'joined' })
  })

  test('is given to nobody who wants a younger one, and not in place of a younger one', async () => {
    expect(await ask(400, 'younger')).toEqual({ answer: 'younger', role: 'began' })
    expect(await ask(1_000, 'third')).toEqual({ answer: 'third', role: 'began' })
  })

  test('is given to nobody once it is over', async () => {
    expect(await ask(1_000, 'lasting')).toEqual({ answer: 'lasting', role: 'began' })
    over.resolve()
    await settle()
    expect(await ask(1_000, 'fourth')).toEqual({ answer: 'fourth', role: 'began' })
  })
})
