// JDBC by Druid's own driver: through Ovate it is what it is at a Broker, and a connection lives as long as its Broker.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { isNoSuchConnection } from '../../src/avatica/answer.ts'
import { ranked } from '../../src/avatica/rendezvous.ts'
import { readRequest } from '../../src/avatica/request.ts'
import { loadNative } from '../../src/coordination/hosted.ts'
import { AVATICA } from '../avatica/support.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { brokerEvents, makeWhole, untilBroker, untilSteady } from './brokers.ts'
import { request } from './http.ts'
import { JdbcProgram } from './jdbc-program.ts'
import { startOvate } from './ovate.ts'
import { waitUntil, within } from './wait.ts'
import { THOROUGH } from '../support/thorough.ts'

/** Each version and each encoding once, or, where there is time, both encodings of both. */
const DRIVERS: readonly (readonly [string, string])[] = [
  ['1.29.0', 'json'],
  ['1.23.0', 'protobuf'],
  ...(THOROUGH
    ? ([
        ['1.29.0', 'protobuf'],
        ['1.23.0', 'json'],
      ] as const)
    : []),
]
const CASES_MS = 900_000
const CHURN_MS = 1_200_000
const STEP_MS = 240_000
const FREEZE_MS = 1_000
/** A Broker that is busy is not given up, only one that has gone: where each connection is is known then. */
const PATIENT = { health: { failures: 100 } }
/** Given up within some two seconds. */
const IMPATIENT = { health: { period: '100ms', timeout: '500ms', failures: 2 } }
/** How often four clients are told to ask again. */
const ASKED = 3 * 4
const BROKERS = ['broker1', 'broker2'] as const
const ENDPOINT = '/druid/v2/sql/avatica/'

describe.runIf(clusterAvailable)('a program sees of Ovate what it sees of a Broker', () => {
  let app: App

  beforeAll(async () => {
    app = await startOvate(theCluster(), { druid: { brokers: [theCluster().services.broker1] } })
  })

  afterAll(() => app.close())

  test.each(DRIVERS)('Avatica %s, %s', { timeout: CASES_MS + STEP_MS }, async (version, encoding) => {
    const places = [theCluster().services.broker1, app.url].flatMap((url) => [url, encoding])
    const program = await JdbcProgram.start('JdbcCases', version, places)
    try {
      await program.end(CASES_MS)
    } finally {
      await program.kill()
    }
    const [, there = '', here] = program.lines.join('\n').split(/^=== \d\n/m)
    // That all of it ran.
    expect(there).toMatch(/^frames: 8300 rows/m)
    expect(there).toMatch(/^frames of a size: 60600 rows/m)
    expect(there).toMatch(/^reconnecting: statement: 1/m)
    expect(there).toMatch(/^lost: in mid-result: .*Exception/m)
    expect(there).toMatch(/^connection 26: .*Too many connections/m)
    expect(there).toMatch(/^connections at a time: 1/m)
    expect(here?.trimEnd()).toBe(there.trimEnd())
  })
})

describe.runIf(clusterAvailable)('connections and Brokers', () => {
  let apps: readonly [App, App]

  beforeAll(async () => {
    const druid = { ...PATIENT, brokers: [...theCluster().brokers] }
    apps = [await startOvate(theCluster(), { druid }), await startOvate(theCluster(), { druid })]
    for (const app of apps) for (const url of theCluster().brokers) await untilBroker(app, url, 'ready')
  })

  afterAll(async () => {
    for (const app of apps) await app.close()
  })

  const say = async (url: string, body: Readonly<Record<string, unknown>>): Promise<string> =>
    (await request(`${url}${ENDPOINT}`, { body })).body.toString()

  test.each(AVATICA.requests)('$name for a connection that nobody has', async ({ json, protobuf }) => {
    for (const url of [theCluster().services.broker1, apps[0].url]) {
      for (const [encoding, path, body] of [
        ['json', 'avatica/', Buffer.from(json)],
        ['protobuf', 'avatica-protobuf/', Buffer.from(protobuf, 'hex')],
      ] as const) {
        const { kind } = readRequest(body, encoding)
        const got = await request(`${url}/druid/v2/sql/${path}`, { body })
        const lacks = isNoSuchConnection(got.status, got.body, encoding)
        const status = kind === 'open' || kind === 'close' ? 200 : got.status
        expect([encoding, got.status, lacks]).toEqual([encoding, status, kind === 'use'])
        if (kind === 'open') await say(url, { request: 'closeConnection', connectionId: 'c' })
      }
    }
  })

  test('replicas and a Router are interchangeable', async () => {
    const urls = [apps[0].url, theCluster().services.router, apps[1].url]
    for (let at = 0; at < 12; at += 1) {
      const connectionId = randomUUID()
      const [first = '', second = '', third = ''] = urls.map((_, index) => urls[(index + at) % urls.length])
      const open = { request: 'openConnection', connectionId, info: {} }
      const create = { request: 'createStatement', connectionId }
      const close = { request: 'closeConnection', connectionId }
      expect(await say(first, open)).toContain('"openConnection"')
      expect(await say(second, create)).toContain('"statementId":')
      expect(await say(third, create)).toContain('"statementId":')
      expect(await say(third, close)).toContain('"closeConnection"')
      expect(await say(first, create)).toContain('NoSuchConnectionException')
    }
  })
})

const withZooKeeper = await loadNative().then(
  () => true,
  () => false,
)
if (!withZooKeeper)
  process.stderr.write('\n*** jdbc: SKIPPED: Brokers in ZooKeeper, without the package zookeeper\n')

describe.runIf(clusterAvailable)('results that are half read', () => {
  const apps: App[] = []

  const start = async (druid: Readonly<Record<string, unknown>>): Promise<App> => {
    const app = await startOvate(theCluster(), { druid })
    apps.push(app)
    for (const url of theCluster().brokers) await untilBroker(app, url, 'ready')
    return app
  }

  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close()
    await makeWhole(theCluster())
  })

  afterAll(() => untilSteady(theCluster()))

  /** Runs a program at all of them, which tells what it saw of each step. */
  const withProgram = async (
    use: (step: (name: 'begin' | 'finish') => Promise<Seen>) => Promise<void>,
  ): Promise<void> => {
    const args = [theCluster().services.broker1, ...apps.map(({ url }) => url)]
    const program = await JdbcProgram.start('JdbcChurn', '1.29.0', args)
    try {
      await use(async (name) => seenIn(await program.step(name, STEP_MS), program.lines[0]))
      await program.end(STEP_MS)
    } finally {
      await program.kill()
    }
  }

  test(
    'Brokers come and go: only connections of one that was killed fail',
    { timeout: CHURN_MS },
    async () => {
      const cluster = theCluster()
      const { broker2 } = cluster.services
      const zookeeper = { connect: cluster.zookeeper, path: '/druid' }
      await start({ ...PATIENT, brokers: [...cluster.brokers] })
      if (withZooKeeper) await start({ ...PATIENT, zookeeper })
      const killed = new URL(broker2).host
      const ids = cluster.brokers.map((url) => new URL(url).host)
      await withProgram(async (step) => {
        const whole = async (): Promise<void> => {
          await step('begin')
          expect((await step('finish')).failed).toEqual([])
        }
        await whole()

        await step('begin')
        cluster.freeze('broker2')
        const [seen] = await Promise.all([
          step('finish'),
          delay(FREEZE_MS).then(() => cluster.thaw('broker2')),
        ])
        expect(seen.failed).toEqual([])

        const { begun } = await step('begin')
        await cluster.kill('broker2')
        const there = begun.filter((id) => ranked(ids, id)[0] === killed)
        expect((await step('finish')).failed.toSorted()).toEqual(there.toSorted())
        await whole()

        await cluster.restart('broker2')
        for (const app of apps) await untilBroker(app, broker2, 'ready')
        await whole()
      })
    },
  )

  test(
    'one that stands still is waited for, however often clients have to ask',
    { timeout: CHURN_MS },
    async () => {
      const cluster = theCluster()
      const app = await start({ ...IMPATIENT, brokers: [...cluster.brokers] })
      await withProgram(async (step) => {
        expect((await step('begin')).failed).toEqual([])
        for (const broker of BROKERS) cluster.freeze(broker)
        for (const url of cluster.brokers) await untilBroker(app, url, 'ejected')
        const before = await brokerEvents(app, 'queued')
        const awake = async (): Promise<void> => {
          const check = async (): Promise<boolean> => (await brokerEvents(app, 'queued')) - before >= ASKED
          await waitUntil('drivers that ask again', check, within(STEP_MS))
          for (const broker of BROKERS) cluster.thaw(broker)
        }
        const [seen] = await Promise.all([step('finish'), awake()])
        expect(seen.failed).toEqual([])
      })
    },
  )
})

interface Seen {
  /** Names of connections. */
  readonly begun: readonly string[]
  readonly failed: readonly string[]
}

/** What a step's lines say. All that was read to its end has to be what a Broker gave. */
function seenIn(lines: readonly string[], expected: string | undefined): Seen {
  const words = lines.map((line) => line.split(' '))
  const idsOf = (kind: string): string[] => words.flatMap(([first, id = '']) => (first === kind ? [id] : []))
  const digests = words.flatMap(([first, , digest = '']) => (first === 'ok' ? [`expected ${digest}`] : []))
  expect(digests.every((digest) => digest === expected)).toBe(true)
  return { begun: idsOf('begun'), failed: idsOf('failed') }
}
