// Leases as the program takes them: over the session that replicas share.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLeases, type RunningLeases } from '../../src/app/lease-office.ts'
import { parseConfig } from '../../src/config/config.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { FakeEnsemble } from '../coordination/fake-ensemble.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const BUDGET_MS = 1_000
const CONFIG = parseConfig({ druid: { zookeeper: { connect: 'zk:2181' } }, coordination: {} })

let clock: ManualClock
let ensemble: FakeEnsemble
let one: RunningLeases
let other: RunningLeases

beforeEach(() => {
  clock = new ManualClock()
  ensemble = new FakeEnsemble()
  one = office()
  other = office()
})
afterEach(async () => {
  const stopped = Promise.all([one.stop(), other.stop()])
  await answerAll()
  await stopped
})

function office(): RunningLeases {
  const shared = { coordination: ensemble.client(), liveReplicas: () => 2 }
  const opened = openLeases(CONFIG, shared, { clock, metrics: createMetrics() })
  if (opened === undefined) throw new Error('no leases')
  return opened
}

/** ZooKeeper answers until nobody asks any more. */
async function answerAll(): Promise<void> {
  await settle()
  while (ensemble.clients.some(({ asked }) => asked > 0)) {
    for (const client of ensemble.clients) client.answer()
    await settle()
  }
}

test.each<[string, () => RunningLeases, string, readonly string[]]>([
  ['the same, at the same replica', () => one, 'x', ['held', 'waiting']],
  ['the same, at another', () => other, 'x', ['held', 'waiting']],
  ['something else', () => other, 'y', ['held', 'held']],
])('who asks for %s is told whether somebody is before', async (_, second, name, expected) => {
  const told: string[] = []
  const ask = async (of: RunningLeases, wanted: string): Promise<void> => {
    const { signal } = new AbortController()
    const { kind } = await of.acquire(wanted, BUDGET_MS, signal, () => told.push('waiting'))
    told.push(kind)
  }
  const asked = [ask(one, 'x')]
  await answerAll()
  asked.push(ask(second(), name))
  await answerAll()
  expect(told).toEqual(expected)
  await clock.advance(BUDGET_MS)
  await answerAll()
  await Promise.all(asked)
  expect(told.slice(2)).toEqual(expected.includes('waiting') ? ['alone'] : [])
})

test('where replicas do not know each other there are none', () => {
  const config = parseConfig({ druid: { brokers: ['http://broker:8082'] } })
  expect(openLeases(config, undefined, { clock, metrics: createMetrics() })).toBeUndefined()
})
