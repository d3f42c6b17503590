// Replicas as one, on a real ZooKeeper: membership, live settings and purges, while sessions are cut, frozen and lost.
// Druid is the stand-in here: nothing of this depends on what it answers.
import { createRequire } from 'node:module'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type App, startApp } from '../../src/app/app.ts'
import { checkSetup } from '../../src/app/check.ts'
import { changeSettings, getSettings, settingsTarget, unsetSettings } from '../../src/app/settings-command.ts'
import { parseConfig } from '../../src/config/config.ts'
import { loadNative } from '../../src/coordination/hosted.ts'
import { type NativeZooKeeper } from '../../src/coordination/native.ts'
import { connectZooKeeper, type ZooKeeperCoordination } from '../../src/coordination/zookeeper.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { parseJson, type RawResponse, request, sql } from './http.ts'
import { cacheStatus } from './ovate.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import { waitUntil, within } from './wait.ts'
import { startZooKeeper, type ZooKeeper, zooKeeperMissing } from './zookeeper.ts'

const SESSION_MS = 4_000
const WRITERS = 100
const SEEN_MAX_MS = 1_000
const COUNT = 'SELECT COUNT(*) AS n FROM events'
const NEW = { 'if-none-match': '*' }

const missing =
  (await zooKeeperMissing()) ??
  (await loadNative().then(
    () => undefined,
    (error: Error) => error.message,
  )) ??
  (sandboxAvailable ? undefined : 'no DuckDB')
if (missing !== undefined)
  process.stderr.write(`\n*** ZooKeeper: SKIPPED: all tests of replicas: ${missing}\n`)

interface Status {
  readonly settings: {
    readonly all: object | undefined
    readonly datasources: Readonly<Record<string, object>>
  }
  readonly cache: { readonly entries: number }
  readonly coordination: {
    readonly session: string
    readonly replicas: readonly { readonly address: string; readonly self: boolean }[]
    readonly unreadableSettings: readonly { readonly name: string }[]
  }
}

/** The client package's own promises, for what Ovate never does. */
interface Stranger extends NativeZooKeeper {
  connect(options: object, done: (error: Error | null) => void): void
  get(path: string, watch: boolean): Promise<[object, Buffer]>
  set(path: string, data: string, version: number): Promise<unknown>
  get_acl(path: string): Promise<[readonly { perm: number; scheme: string; auth: string }[], object]>
  close(): void
}

describe.runIf(missing === undefined)('replicas over one ZooKeeper', () => {
  let server: ZooKeeper
  let sandbox: Sandbox
  let proxy: TcpProxy
  let roots = 0
  let root: string
  let apps: App[]
  let writer: ZooKeeperCoordination

  beforeAll(async () => {
    server = await startZooKeeper()
    sandbox = await startSandbox({ days: 3, rowsPerDay: 100 })
    writer = await connectZooKeeper({ connect: server.connectString, sessionTimeoutMs: 20_000 })
  })

  afterAll(async () => {
    await writer.close()
    await sandbox.close()
    await server.stop()
  })

  beforeEach(async () => {
    roots += 1
    root = `/ovate-${roots}`
    apps = []
    proxy = await startTcpProxy(server.port)
  })

  afterEach(async () => {
    server.thaw()
    proxy.heal()
    await Promise.all(apps.map((app) => app.close()))
    await proxy.down()
  })

  async function replica(connect = server.connectString, more: Record<string, unknown> = {}): Promise<App> {
    const app = await startApp(
      parseConfig({
        listen: { host: '127.0.0.1', port: 0, shutdown: '1s' },
        admin: { port: 0 },
        druid: { brokers: [sandbox.url] },
        coordination: { connect, path: root, sessionTimeout: `${SESSION_MS}ms`, ...more },
        log: { level: 'silent' },
      }),
    )
    apps.push(app)
    const ready = async (): Promise<boolean> => (await sql(app.url, 'SELECT 1')).status === 200
    await waitUntil('an answer through Ovate', ready, within(20_000))
    return app
  }

  async function status(app: App): Promise<Status> {
    return parseJson(await request(`${app.adminUrl}/ovate/status`)) as Status
  }

  async function until(what: string, check: () => Promise<boolean>): Promise<void> {
    await waitUntil(what, check, within(30_000))
  }

  async function addresses(app: App): Promise<string[]> {
    return (await status(app)).coordination.replicas.map(({ address }) => `http://${address}`).toSorted()
  }

  async function untilMembers(app: App, members: readonly App[]): Promise<void> {
    const wanted = members.map(({ url }) => url).toSorted()
    await until('the members', async () => (await addresses(app)).join(' ') === wanted.join(' '))
  }

  async function untilSession(app: App, session: string): Promise<void> {
    await until(session, async () => (await status(app)).coordination.session === session)
  }

  async function isSet(app: App, datasource: string, settings: object | undefined): Promise<boolean> {
    return JSON.stringify((await status(app)).settings.datasources[datasource]) === JSON.stringify(settings)
  }

  function put(
    app: App,
    datasource: string,
    settings: object,
    headers: Record<string, string>,
  ): Promise<RawResponse> {
    return request(`${app.adminUrl}/ovate/settings/${datasource}`, { method: 'PUT', headers, body: settings })
  }

  async function held(app: App): Promise<number> {
    return (await status(app)).cache.entries
  }

  async function fill(app: App): Promise<void> {
    await until('a hit', async () => cacheStatus(await sql(app.url, COUNT)) === 'hit')
  }

  test('each is seen by all; one that stops is gone before it has ended', async () => {
    const [one, two, three] = [await replica(), await replica(), await replica()]
    await untilMembers(one, [one, two, three])
    expect((await status(two)).coordination.replicas.filter(({ self }) => self)).toHaveLength(1)
    await apps.pop()?.close()
    await writer.sync(root, within(5_000))
    expect(await writer.children(`${root}/replicas`, undefined, within(5_000))).toHaveLength(2)
    await untilMembers(one, [one, two])
  })

  test('a hundred writers through two replicas: no update is lost, and the last changes are kept in order', async () => {
    const both = [await replica(), await replica()]
    let conflicts = 0
    const add = async (at: number): Promise<void> => {
      const app = both[at % 2]
      if (app === undefined) return
      const url = `${app.adminUrl}/ovate/settings/events`
      for (let tries = 0; tries < 1_000; tries += 1) {
        const got = await request(url)
        const { settings } = parseJson(got) as { settings: { maxRows: number } | null }
        const { etag } = got.headers
        const basis: Record<string, string> = typeof etag === 'string' ? { 'if-match': etag } : NEW
        const next = { maxRows: (settings?.maxRows ?? 0) + 1 }
        const put_ = await request(url, {
          method: 'PUT',
          headers: { ...basis, 'x-ovate-by': `${at}` },
          body: next,
        })
        if (put_.status === 200) return
        if (put_.status !== 412) throw new Error(`${put_.status} ${put_.body.toString()}`)
        conflicts += 1
      }
      throw new Error('never')
    }
    await Promise.all(Array.from({ length: WRITERS }, (_, at) => add(at)))
    const [one] = both
    if (one === undefined) return
    const { settings, changes } = parseJson(await request(`${one.adminUrl}/ovate/settings/events`)) as {
      settings: object
      changes: { settings: { maxRows: number } }[]
    }
    process.stderr.write(`\n*** ${WRITERS} writers: ${conflicts} conflicts, none lost\n`)
    expect(settings).toEqual({ maxRows: WRITERS })
    expect(changes.map((change) => change.settings.maxRows)).toEqual(
      Array.from({ length: changes.length }, (_, at) => WRITERS - at),
    )
    expect(changes.length).toBeGreaterThanOrEqual(10)
  })

  test('a change is in force on all replicas within a second', async () => {
    const [one, two, three] = [await replica(), await replica(), await replica()]
    const tookMs: number[] = []
    let etag: string | undefined
    for (let round = 0; round < 100; round += 1) {
      const beganAtMs = performance.now()
      const headers: Record<string, string> = etag === undefined ? NEW : { 'if-match': etag }
      const accelerate = round % 2 === 1
      const set = await put(one, 'events', { accelerate }, headers)
      expect(set.status).toBe(200)
      etag = String(set.headers['etag'])
      for (const app of [one, two, three]) {
        // Asked without a pause: what is measured is how long it takes.
        for (let tries = 0; tries < 10_000; tries += 1) {
          const passes = cacheStatus(await sql(app.url, COUNT)) === 'fwd=bypass'
          if (passes !== accelerate) break
        }
      }
      tookMs.push(performance.now() - beganAtMs)
    }
    const sorted = tookMs.toSorted((a, b) => a - b)
    const [p50 = 0, p99 = 0] = [sorted[49], sorted[98]]
    process.stderr.write(
      `\n*** a change in force on three replicas: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms\n`,
    )
    expect(p99).toBeLessThan(SEEN_MAX_MS)
  })

  test('content that nobody can read keeps the last good one, and one that starts then passes', async () => {
    const one = await replica()
    await put(one, 'events', { maxRows: 7 }, NEW)
    await writer.write(
      `${root}/settings/events`,
      Buffer.from('{"format":1,"settings":{"rows":1}}'),
      undefined,
      within(5_000),
    )
    await until('to be told', async () => (await status(one)).coordination.unreadableSettings.length === 1)
    expect(await isSet(one, 'events', { maxRows: 7 })).toBe(true)
    const two = await replica()
    expect(await isSet(two, 'events', { accelerate: false })).toBe(true)
    const { headers } = await request(`${two.adminUrl}/ovate/settings/events`)
    expect((await put(two, 'events', { maxRows: 8 }, { 'if-match': String(headers['etag']) })).status).toBe(
      200,
    )
    for (const app of [one, two]) await until('the good one', () => isSet(app, 'events', { maxRows: 8 }))
    expect((await status(one)).coordination.unreadableSettings).toEqual([])
  })

  test('cut off for longer than its session: alone meanwhile, and then what was set and purged is obeyed', async () => {
    const one = await replica()
    const cut = await replica(`127.0.0.1:${proxy.port}`)
    await untilMembers(one, [one, cut])
    await put(one, 'other', { maxRows: 1 }, NEW)
    for (const app of [one, cut]) {
      await until('the settings', () => isSet(app, 'other', { maxRows: 1 }))
      await fill(app)
    }
    proxy.blackhole()
    await untilSession(cut, 'lost')
    await untilMembers(one, [one])
    const purged = await request(`${one.adminUrl}/ovate/cache?datasource=events`, { method: 'DELETE' })
    expect(purged.status).toBe(200)
    expect((await put(one, 'other', { maxRows: 2 }, { 'if-match': '"1"' })).status).toBe(200)
    // It hears of nothing, says so, and goes on.
    expect([await held(one), (await held(cut)) > 0]).toEqual([0, true])
    const alone = await request(`${cut.adminUrl}/ovate/cache?datasource=stream`, { method: 'DELETE' })
    expect([alone.status, JSON.parse(alone.body.toString())]).toMatchObject([
      503,
      { code: 'OVATE_ZOOKEEPER' },
    ])
    expect((await sql(cut.url, COUNT)).status).toBe(200)
    proxy.heal()
    await until('the purge', async () => (await held(cut)) === 0)
    await until('the settings', () => isSet(cut, 'other', { maxRows: 2 }))
    for (const app of [one, cut]) await untilMembers(app, [one, cut])
    const children = await writer.children(`${root}/replicas`, undefined, within(5_000))
    expect(children).toHaveLength(2)
  })

  test('a frozen ZooKeeper, thawed within the session and after it: the same', async () => {
    const both = [await replica(), await replica()]
    const [one, two] = both
    if (one === undefined || two === undefined) return
    for (const waitFor of ['suspect', 'lost']) {
      for (const app of both) await fill(app)
      server.freeze()
      await untilSession(one, waitFor)
      await untilSession(two, waitFor)
      const refused = await put(one, 'events', {}, NEW)
      expect(refused.status).toBe(503)
      server.thaw()
      for (const app of both) {
        await untilSession(app, 'connected')
        await untilMembers(app, both)
      }
      for (const app of both) await fill(app)
      const purged = await request(`${two.adminUrl}/ovate/cache`, { method: 'DELETE' })
      expect(purged.status).toBe(200)
      await until('the purge', async () => (await held(one)) === 0)
    }
    const children = await writer.children(`${root}/replicas`, undefined, within(5_000))
    expect(children).toHaveLength(2)
  })

  test('ZooKeeper not there at the start: the file holds, until it comes', async () => {
    await proxy.down()
    const late = await replica(`127.0.0.1:${proxy.port}`)
    const one = await replica()
    await put(one, 'events', { accelerate: false }, NEW)
    await fill(late)
    await proxy.up()
    await until('the settings', () => isSet(late, 'events', { accelerate: false }))
    expect(await held(late)).toBe(0)
    await untilMembers(one, [one, late])
  })

  test('a purge through one replica empties the others; under an interval, what lies there', async () => {
    const both = [await replica(), await replica()]
    const [one, two] = both
    if (one === undefined || two === undefined) return
    for (const behind of ['?datasource=events', '', '?datasource=events&interval=2000-01-01/2100-01-01']) {
      for (const app of both) await fill(app)
      const got = await request(`${one.adminUrl}/ovate/cache${behind}`, { method: 'DELETE' })
      expect((parseJson(got) as { purged: number }).purged).toBeGreaterThan(0)
      await until('the purge', async () => (await held(two)) === 0)
    }
    for (const app of both) await fill(app)
    await request(`${one.adminUrl}/ovate/cache?datasource=stream`, { method: 'DELETE' })
    await put(one, 'done', {}, NEW)
    await until('what came after it', () => isSet(two, 'done', {}))
    for (const app of both) expect(await held(app)).toBeGreaterThan(0)
  })

  test('purges at once through all replicas: none is lost', async () => {
    const all = [await replica(), await replica(), await replica()]
    const names = Array.from({ length: 60 }, (_, at) => `d${at % 5}`)
    const epochs = await Promise.all(
      names.map(async (name, at) => {
        const url = `${all[at % 3]?.adminUrl}/ovate/cache?datasource=${name}`
        const { epoch } = parseJson(await request(url, { method: 'DELETE' })) as { epoch: number }
        return epoch
      }),
    )
    expect(new Set(epochs).size).toBe(names.length)
    const node = await writer.read(`${root}/epochs/d0`, undefined, within(5_000))
    expect(node?.version).toBe(names.filter((name) => name === 'd0').length)
  })

  test('with credentials, znodes are left to Ovate: others may not read or write them', async () => {
    const auth = 'ovate:a secret'
    const one = await replica(server.connectString, { auth })
    await put(one, 'events', { maxRows: 1 }, NEW)
    await request(`${one.adminUrl}/ovate/cache?datasource=events`, { method: 'DELETE' })
    const two = await replica(server.connectString, { auth })
    await untilMembers(one, [one, two])
    const friend = await connectZooKeeper({ connect: server.connectString, auth })
    await until('a session', () => Promise.resolve(friend.state === 'connected'))
    const [member] = (await friend.children(`${root}/replicas`, undefined, within(5_000))) ?? []
    await friend.close()
    const thePackage = createRequire(import.meta.url)('zookeeper') as new (options: object) => Stranger
    const stranger = new thePackage({ connect: server.connectString, timeout: 20_000 })
    await new Promise<void>((resolve, reject) => {
      stranger.connect({}, (error) => (error === null ? resolve() : reject(error)))
    })
    try {
      for (const path of [
        '',
        '/settings',
        '/settings/events',
        '/epochs',
        '/epochs/events',
        '/epochs/!',
        '/replicas',
        `/replicas/${member}`,
      ]) {
        await expect(stranger.get(root + path, false)).rejects.toThrow('not authenticated')
        await expect(stranger.set(root + path, 'x', -1)).rejects.toThrow('not authenticated')
      }
    } finally {
      stranger.close()
    }
    // Nor is one with other credentials let in: it goes on alone.
    const other = await replica(server.connectString, { auth: 'ovate:another' })
    expect((await put(other, 'events', {}, NEW)).status).toBe(503)
    expect(await addresses(one)).toHaveLength(2)
  })

  test('the check of a configuration says whether ZooKeeper lets it in', async () => {
    await replica(server.connectString, { auth: 'ovate:a secret' })
    const told = async (more: Record<string, unknown>): Promise<string> => {
      const coordination = { connect: server.connectString, path: root, ...more }
      const config = parseConfig({ druid: { brokers: [sandbox.url] }, coordination })
      const lines = await checkSetup(config, within(30_000))
      return lines.map(({ level, text }) => `${level} ${text}`).join('\n')
    }
    const known = await told({ auth: 'ovate:a secret' })
    expect(known).toContain(`ok coordination: ZooKeeper answers, 1 replicas are registered at ${root}`)
    expect(await told({ auth: 'ovate:another' })).toContain('fail coordination: ')
    expect(await told({ connect: '127.0.0.1:1' })).toContain('fail ZooKeeper is connecting for coordination')
  })

  test('the command line: set some, take one off, all of them, and what was changed', async () => {
    const [one, two] = [await replica(), await replica()]
    const targetOf = (app: App, datasource?: string): ReturnType<typeof settingsTarget> =>
      settingsTarget(
        { admin: app.adminUrl ?? '', by: 'an operator', ...(datasource !== undefined && { datasource }) },
        { config: undefined, environment: {} },
      )
    const target = targetOf(one, 'a/b')
    const edits = [
      { path: ['freshness', 'head'], value: '10s' },
      { path: ['shared'], value: true },
    ]
    expect(await changeSettings(target, edits)).toEqual({ freshness: { head: '10s' }, shared: true })
    expect(await changeSettings(target, [{ path: ['freshness', 'head'], value: undefined }])).toEqual({
      shared: true,
    })
    await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        changeSettings(targetOf(at % 2 === 0 ? one : two, 'a/b'), [{ path: ['maxRows'], value: at + 1 }]),
      ),
    )
    expect(await unsetSettings(target)).toBeNull()
    expect(await unsetSettings(target)).toBeNull()
    const { settings, changes } = await getSettings(target)
    expect([settings, (changes as { by: string }[]).map(({ by }) => by)]).toEqual([
      null,
      Array.from({ length: 13 }, () => 'an operator'),
    ])
    await expect(changeSettings(target, [{ path: ['shard'], value: true }])).rejects.toThrow(
      'did you mean shared?',
    )
    await until('that it is off', () => isSet(two, 'a/b', undefined))
  })
})
