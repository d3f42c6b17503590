import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createMetrics, METRICS } from '../../src/observe/metrics.ts'

test('docs/metrics.md lists exactly the metrics that there are', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8')
  const documented = [...text.matchAll(/^\| `(ovate_[a-z_]+)` \| (.*) \|$/gm)].map(([, name, help]) => [
    name,
    help,
  ])
  expect(documented).toEqual(Object.entries(METRICS))
})

test('every metric of the table is there to be scraped, with what was counted', async () => {
  const metrics = createMetrics()
  metrics.watch({
    brokers: () => [{ state: 'ready' }, { state: 'ready' }, { state: 'ejected' }],
    cacheUsage: () => ({ entries: 3, entryBytes: 300, heldBytes: 30, evictions: 7 }),
    flights: () => 2,
    replicas: () => 3,
    isConnected: () => true,
  })
  metrics.answered('hit', '', 1)
  metrics.answered('bypass', 'explain', 20)
  metrics.failed('OVATE_NO_BROKER')
  metrics.brokerEvent('retried')
  metrics.settingsRead('bad')
  metrics.purged('all')
  await metrics.text()
  const text = await metrics.text()
  for (const name of Object.keys(METRICS)) expect(text).toContain(`# HELP ${name} `)
  expect(text).toContain('ovate_sql_answers_total{how="bypass",reason="explain"} 1')
  expect(text).toContain('ovate_brokers{state="ready"} 2')
  expect(text).toContain('ovate_cache_evictions_total 7')
  expect(text).toContain('ovate_errors_total{code="OVATE_NO_BROKER"} 1')
})

test('two Ovates in one process count apart', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.failed('OVATE_INTERNAL')
  expect(await other.text()).not.toContain('OVATE_INTERNAL')
})
