// JDBC by Druid's own driver: through Ovate it is what it is at a Broker, and a connection lives as long as its Broker.
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { ranked } from '../../src/avatica/rendezvous.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { makeWhole, untilBroker, untilSteady } from './brokers.ts'
import { request } from './http.ts'
import { JdbcProgram } from './jdbc-program.ts'
import { startOvate } from './ovate.ts'
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
const CASES_MS = 280_000
const TURN_MS = 150_000
/** Longer than a probe, shorter than three: the Broker is not given up. */
const FREEZE_MS = 2_000
const CLIENTS = 4
const AVATICA = '/druid/v2/sql/avatica/'

describe.runIf(clusterAvailable)('a program sees of Ovate what it sees of a Broker', () => {
  let app: App

  beforeAll(async () => {
    app = await startOvate(theCluster(), { druid: { brokers: [theCluster().services.broker1] } })
  })

  afterAll(() => app.close())

  test.each(DRIVERS)('Avatica %s, %s', { timeout: CASES_MS }, async (version, encoding) => {
    const places = [theCluster().services.broker1, app.url].flatMap((url) => [url, encoding])
    const program = await JdbcProgram.start('JdbcCases', version, places)
    try {
      await program.end()
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
    apps = [await startOvate(theCluster()), await startOvate(theCluster())]
  })

  afterAll(async () => {
    for (const app of apps) await app.close()
    await makeWhole(theCluster())
  })

  const say = async (url: string, body: Readonly<Record<string, unknown>>): Promise<string> =>
    (await request(`${url}${AVATICA}`, { body })).body.toString()

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

  test(
    'Brokers come and go: only connections of one that was killed fail',
    { timeout: 4 * TURN_MS },
    async () => {
      const cluster = theCluster()
      const [app] = apps
      const { broker1, broker2 } = cluster.services
      const args = [broker1, app.url, String(CLIENTS)]
      const program = await JdbcProgram.start('JdbcChurn', '1.29.0', args)
      const all = (kind: string): string[][] =>
        program.lines.map((line) => line.split(' ')).filter(([first]) => first === kind)
      const more = (what: string): Promise<void> => {
        const count = all('ok').length + CLIENTS
        return program.until(what, () => all('ok').length >= count, TURN_MS)
      }
      try {
        await more('rounds with both')
        cluster.freeze('broker2')
        await delay(FREEZE_MS)
        cluster.thaw('broker2')
        await more('rounds after a freeze')
        expect(all('failed')).toEqual([])
        await cluster.kill('broker2')
        await untilBroker(app, broker2, 'ejected')
        await more('rounds without one')
        const failed = all('failed')
        await cluster.restart('broker2')
        await untilBroker(app, broker2, 'ready')
        await more('rounds with both again')
        await program.end()
        const killed = new URL(broker2).host
        const ids = [broker1, broker2].map((url) => new URL(url).host)
        // One that was being opened there has no name yet.
        const others = failed.filter(([, id = '']) => id !== 'none' && ranked(ids, id)[0] !== killed)
        expect(others).toEqual([])
        expect(all('failed')).toEqual(failed)
        expect(new Set(all('ok').map(([, , digest]) => digest))).toEqual(new Set([all('expected')[0]?.[1]]))
      } finally {
        await program.kill()
        await untilSteady(cluster)
      }
    },
  )
})
