// Traffic × fault × check: Brokers frozen, killed, restarted and gone while clients ask; every answer is compared with
// Druid's own.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { brokerEvents, makeWhole, untilBroker, untilBusy, untilSteady } from './brokers.ts'
import { type Cluster } from './cluster.ts'
import { startOvate } from './ovate.ts'
import {
  expectedFrom,
  isCutLate,
  QUESTIONS,
  type Seen,
  startTraffic,
  tally,
  type Traffic,
} from './traffic.ts'

const CLIENTS = 5
/** Answers for each client under a fault, and after it. */
const ROUNDS = 3

interface Fault {
  readonly name: string
  readonly broker: 'broker1' | 'broker2'
  /** Resolves when it is there. */
  readonly inject: (cluster: Cluster) => Promise<void>
  /** Resolves when the Broker is ready again, by its own word. */
  readonly heal: (cluster: Cluster) => Promise<void>
  /** The longest that an answer may take: what is promised, and the time of a busy machine. */
  readonly answerMs: number
}

const FAULTS: readonly Fault[] = [
  {
    name: 'frozen and thawed',
    broker: 'broker2',
    inject: async (cluster) => cluster.freeze('broker2'),
    heal: async (cluster) => {
      cluster.thaw('broker2')
      await cluster.waitReady()
    },
    answerMs: 30_000,
  },
  {
    name: 'killed and started again',
    broker: 'broker1',
    inject: (cluster) => cluster.kill('broker1'),
    heal: (cluster) => cluster.restart('broker1'),
    answerMs: 20_000,
  },
]

/** A start of two Brokers takes a minute on two cores that others use, too. */
const TEST_MS = 240_000

describe.runIf(clusterAvailable)('a Broker under load is', () => {
  let cluster: Cluster
  let app: App
  let expected: ReadonlyMap<string, Buffer>
  let traffic: Traffic

  beforeAll(async () => {
    cluster = theCluster()
    await makeWhole(cluster)
    expected = await expectedFrom(cluster.services.broker1, QUESTIONS)
    app = await startOvate(cluster)
    for (const url of cluster.brokers) await untilBroker(app, url, 'ready')
  })

  afterEach(async () => {
    await traffic.stop()
  })

  afterAll(async () => {
    await app.close()
    await makeWhole(cluster)
    await untilSteady(cluster)
  })

  test.each(FAULTS)(
    '$name: no answer is wrong, and none lost that had not begun',
    async (fault) => {
      const url = cluster.services[fault.broker]
      traffic = startTraffic(app.url, expected, { clients: CLIENTS })
      await traffic.more(1)
      const retried = await brokerEvents(app, 'retried')
      await untilBusy(app, url)
      await fault.inject(cluster)
      await traffic.more(ROUNDS)
      await untilBroker(app, url, 'ejected')
      expect(await brokerEvents(app, 'retried')).toBeGreaterThan(retried)
      await fault.heal(cluster)
      await untilBroker(app, url, 'ready')
      await traffic.more(ROUNDS)
      await traffic.stop()
      expect(tally(traffic.seen.filter((one) => !isRight(one) && !isCutLate(one)))).toEqual({})
      expect(longest(traffic.seen)).toBeLessThan(fault.answerMs)
    },
    TEST_MS,
  )

  test(
    "gone with all others: 503 in Druid's shape within a second, and answers once they are back",
    async () => {
      traffic = startTraffic(app.url, expected, { clients: CLIENTS })
      await traffic.more(1)
      await Promise.all([cluster.kill('broker1'), cluster.kill('broker2')])
      const goneAtMs = performance.now()
      await traffic.more(ROUNDS)
      await Promise.all([cluster.restart('broker1'), cluster.restart('broker2')])
      for (const url of cluster.brokers) await untilBroker(app, url, 'ready')
      const backAtMs = performance.now()
      await traffic.more(ROUNDS)
      await traffic.stop()
      const refused = traffic.seen.filter(({ outcome }) => outcome === 'refused')
      const others = traffic.seen.filter((one) => !isRight(one) && !isCutLate(one) && !refused.includes(one))
      expect(tally(others)).toEqual({})
      // Those asked before were lost with one Broker and then with the other.
      const late = refused.filter(({ askedAtMs }) => askedAtMs > goneAtMs)
      expect([...new Set(late.map(shapeOf))]).toEqual([
        '503 druidException SERVICE_UNAVAILABLE OVATE_NO_BROKER',
      ])
      // A second is promised; the rest is for two cores that start two Brokers beside.
      expect(longest(late)).toBeLessThan(2_000)
      const after = traffic.seen.filter(({ askedAtMs }) => askedAtMs > backAtMs)
      expect(tally(after.filter((one) => !isRight(one)))).toEqual({})
    },
    TEST_MS,
  )
})

function isRight({ outcome }: Seen): boolean {
  return outcome === 'right'
}

function longest(seen: readonly Seen[]): number {
  return Math.max(0, ...seen.map(({ tookMs }) => tookMs))
}

function shapeOf({ status, text }: Seen): string {
  const { error, category, context } = JSON.parse(text) as {
    error: string
    category: string
    context: { ovateCode: string }
  }
  return [status, error, category, context.ovateCode].join(' ')
}
