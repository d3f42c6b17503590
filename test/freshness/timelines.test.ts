// Many datasources are followed at once, and watched while answers are computed: nothing stays of what is over.
import { getEventListeners, setMaxListeners } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { ALL_TIME } from '../../src/time/all-time.ts'
import { Timelines } from '../../src/freshness/timelines.ts'
import { candidatesText } from '../support/candidates.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { RULES } from '../support/freshness-rules.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const DATASOURCES = 30
const SERVICE = 'druid/broker'

const warned = vi.fn<(warning: Error) => void>()
afterEach(() => process.off('warning', warned))

test('thirty datasources, each watched, leave no listener behind and warn nobody', async () => {
  process.on('warning', warned)
  const made = vi.spyOn(AbortSignal, 'any')
  const clock = new ManualClock()
  const druid = new FakeDruid(({ path }) => ({
    body: path.includes('/candidates') ? candidatesText([]) : '["__time","TIMESTAMP","NO"]\n\n',
  }))
  const timelines = new Timelines({
    druid,
    clock,
    authorization: undefined,
    rules: () => RULES,
    segmentsMax: 100,
    lookTimeoutMs: 1_000,
    onLook: () => undefined,
  })
  const answered = new AbortController()
  setMaxListeners(0, answered.signal)
  const firsts = Array.from({ length: DATASOURCES }, (_, number) =>
    timelines.of(SERVICE, `d${number}`).watch(ALL_TIME, 'a', answered.signal),
  )
  await Promise.all(firsts.filter((first) => first !== undefined))
  await settle()
  const watching = getEventListeners(answered.signal, 'abort').length
  answered.abort()
  await settle()
  await timelines.close()
  expect(druid.requests.length).toBeGreaterThanOrEqual(DATASOURCES)
  expect([watching, getEventListeners(answered.signal, 'abort').length]).toEqual([DATASOURCES, 0])
  // Of long-lived signals it keeps something for ever (Node 20).
  expect(made).not.toHaveBeenCalled()
  expect(warned).not.toHaveBeenCalled()
})
