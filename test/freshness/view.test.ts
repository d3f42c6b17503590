// Looks at one Broker: one at a time for each part, and each caller gets one that began after it asked.
import { expect, test } from 'vitest'
import { type Look } from '../../src/freshness/look.ts'
import { BrokerView } from '../../src/freshness/view.ts'
import { deferred } from '../support/deferred.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

interface Running {
  readonly beganAfter: number
  readonly end: () => void
}

/** A view whose looks end when the test says so; `asked` counts the callers. */
function slowView(): { view: BrokerView; looks: Running[]; most: () => number; ask: () => Promise<number> } {
  const clock = new ManualClock()
  const looks: Running[] = []
  let asked = 0
  let running = 0
  let most = 0
  const lookAt = async (): Promise<Look> => {
    const ended = deferred<void>()
    looks.push({ beganAfter: asked, end: () => ended.resolve() })
    running += 1
    most = Math.max(most, running)
    await ended.promise
    running -= 1
    return { startedAtMs: clock.now(), endedAtMs: clock.now(), segments: [], schema: '' }
  }
  const view = new BrokerView(lookAt, clock)
  const ask = async (): Promise<number> => {
    asked += 1
    const own = asked
    await view.look('head')
    return own
  }
  return { view, looks, most: () => most, ask }
}

test('callers who come while one runs share the next', async () => {
  const { looks, ask } = slowView()
  const all = [ask(), ask(), ask()]
  await settle()
  expect(looks).toHaveLength(1)
  looks[0]?.end()
  await settle()
  expect(looks.map(({ beganAfter }) => beganAfter)).toEqual([1, 3])
  looks[1]?.end()
  expect(await Promise.all(all)).toEqual([1, 2, 3])
})

test('whenever they come, no two looks at a part run at once', async () => {
  const { looks, most, ask } = slowView()
  const all = [ask(), ask()]
  await settle()
  looks[0]?.end()
  // One caller in each turn of the promises by which the first look hands over to the second.
  for (let turn = 0; turn < 20; turn += 1) {
    all.push(ask())
    await Promise.resolve()
  }
  for (let at = 1; at < 5; at += 1) {
    await settle()
    looks[at]?.end()
  }
  await Promise.all(all)
  expect(most()).toBe(1)
})
