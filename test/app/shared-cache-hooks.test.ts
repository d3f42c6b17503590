// What becomes of the shared cache's troubles: counted each time, said once in a while.
import { expect, test } from 'vitest'
import { sharedCacheHooks } from '../../src/app/listeners.ts'
import { createLog } from '../../src/observe/log.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('a refusal is said once a minute, each kind by itself', async () => {
  const clock = new ManualClock()
  const log = createLog('silent')
  const said: string[] = []
  log.warn = ({ code }: { code: string }) => said.push(code)
  const { events } = sharedCacheHooks(createMetrics(), log, clock)
  for (const code of ['OOM', 'OOM', 'NOPERM', 'OOM']) events.refused(code)
  expect(said).toEqual(['OOM', 'NOPERM'])
  await clock.advance(60_001)
  events.refused('OOM')
  events.refused('OOM')
  expect(said).toEqual(['OOM', 'NOPERM', 'OOM'])
})
