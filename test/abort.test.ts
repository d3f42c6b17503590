// Waiting that a signal can end, and what it leaves behind.
import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { withFirstOf } from '../src/abort.ts'

const never = new AbortController().signal

/** What the signal that `work` gets says when it is asked. */
function reasonOf(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true })
  })
}

test.each([
  ['one that has fired', () => AbortSignal.abort('early'), 'early'],
  ['one that fires', () => firing('late'), 'late'],
])('with the first of some: %s', async (_, second, reason) => {
  const signals = [never, second(), never]
  expect(await withFirstOf(signals, reasonOf)).toBe(reason)
  expect(signals.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([])
})

test('what the work gives or throws is passed on, and nothing listens after it', async () => {
  expect(await withFirstOf([never], () => Promise.resolve(7))).toBe(7)
  await expect(withFirstOf([never], () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(getEventListeners(never, 'abort')).toEqual([])
})

function firing(reason: string): AbortSignal {
  const stop = new AbortController()
  setImmediate(() => stop.abort(reason))
  return stop.signal
}
