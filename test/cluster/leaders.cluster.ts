// Coordinator's and Overlord's paths go to who leads by Druid's latches in ZooKeeper, through real changes of leadership, as
// a Router's do. Takes a minute, and servers of its own: with OVATE_THOROUGH=1.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App, startApp } from '../../src/app/app.ts'
import { parseConfig } from '../../src/config/config.ts'
import { loadNative } from '../../src/coordination/hosted.ts'
import { THOROUGH } from '../support/thorough.ts'
import { clusterAvailable } from './available.ts'
import { request } from './http.ts'
import { type Competitor, type Leaders, startLeaders } from './leaders.ts'
import { waitUntil, within } from './wait.ts'

const SOON_MS = 60_000
/** One who is frozen answers nobody. */
const ANSWER_MS = 2_000
const TEST_MS = 300_000

const withZooKeeper = await loadNative().then(
  () => true,
  () => false,
)

/** All paths that are for a leader; each is answered with 200 by it alone. */
const PATHS = [
  '/druid/coordinator/v1/isLeader',
  '/druid/indexer/v1/isLeader',
  '/proxy/coordinator/druid/coordinator/v1/isLeader',
  '/proxy/overlord/druid/indexer/v1/isLeader',
]
const PORTS = ['/proxy/coordinator/status/properties', '/proxy/overlord/status/properties']

describe.runIf(clusterAvailable && withZooKeeper && THOROUGH)('who leads', { timeout: TEST_MS }, () => {
  let leaders: Leaders
  let app: App

  beforeAll(async () => {
    leaders = await startLeaders()
    app = await startApp(
      parseConfig({
        listen: { host: '127.0.0.1', port: 0, shutdown: '2s' },
        admin: { port: 0 },
        druid: { zookeeper: { connect: leaders.zookeeper, path: '/druid' }, management: { enabled: true } },
        log: { level: 'silent' },
      }),
    )
    await untilAllAsk(app.url, leaders.competitors[0])
  }, TEST_MS)

  afterAll(async () => {
    await app.close()
    await leaders.stop()
  })

  /** Who answers at the paths of both roles; nothing where an answer is none. */
  async function whoAnswers(url: string): Promise<readonly (string | undefined)[]> {
    const answers = PORTS.map(async (path) => {
      const { status, body } = await request(url + path, {}, within(ANSWER_MS))
      if (status !== 200) return undefined
      const properties = JSON.parse(body.toString()) as Readonly<Record<string, string>>
      return `http://127.0.0.1:${properties['druid.plaintextPort']}`
    })
    return Promise.all(answers.map((answer) => answer.catch(() => undefined)))
  }

  async function untilAllAsk(url: string, { url: wanted }: Competitor): Promise<void> {
    const doAll = async (): Promise<boolean> => (await whoAnswers(url)).every((found) => found === wanted)
    await waitUntil(`${wanted} to be asked`, doAll, within(SOON_MS))
    for (const path of PATHS) {
      const { status, body } = await request(url + path, {}, within(SOON_MS))
      expect([path, status, body.toString()]).toEqual([path, 200, '{"leader":true}'])
    }
  }

  const said = async (url: string, path: string): Promise<string> => {
    const { status, body } = await request(url + path, {}, within(SOON_MS))
    return `${status} ${body.toString()}`
  }

  test('is asked, as by a Router', async () => {
    await untilAllAsk(leaders.router, leaders.competitors[0])
    const names = ['/druid/coordinator/v1/leader', '/druid/indexer/v1/leader']
    for (const path of names) expect(await said(app.url, path)).toBe(await said(leaders.router, path))
  })

  test.each<[string, (struck: Competitor) => unknown, (struck: Competitor) => unknown]>([
    ['killed', (struck) => struck.kill(), (struck) => struck.start()],
    ['frozen', (struck) => struck.freeze(), (struck) => struck.thaw()],
  ])('is %s: the other is asked, and goes on to be when the first is back', async (_, strike, mend) => {
    const [one, two] = leaders.competitors
    const [first, other] = (await one.leads()) ? [one, two] : [two, one]
    await untilAllAsk(app.url, first)
    await strike(first)
    try {
      await untilAllAsk(app.url, other)
      await untilAllAsk(leaders.router, other)
      expect(await other.leads()).toBe(true)
    } finally {
      await mend(first)
    }
    const isBack = async (): Promise<boolean> =>
      (await request(`${first.url}/status/health`, {}, within(ANSWER_MS))).status === 200
    await waitUntil('the first', isBack, within(SOON_MS))
    await untilAllAsk(app.url, other)
  })

  test('is nobody: that is said in the words of a Router, until there is one', async () => {
    const [one, two] = leaders.competitors
    await Promise.all([one.kill(), two.kill()])
    const noLeader = async (): Promise<boolean> =>
      (await said(leaders.router, PATHS[0] ?? '')).includes('Unable to determine')
    await waitUntil('a Router that knows of none', noLeader, within(SOON_MS))
    for (const path of [...PATHS, '/druid/indexer/v1/task;a=b?x=y', '/proxy/overlord'])
      expect(await said(app.url, path)).toBe(await said(leaders.router, path))
    await two.start()
    await untilAllAsk(app.url, two)
    await untilAllAsk(leaders.router, two)
  })
})
