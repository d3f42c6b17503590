// docs/operating.md, "Closed to others", word for word but for addresses and ports: a ZooKeeper with credentials and a Redis
// with TLS, a user and a password; who has other credentials gets nothing, is told why, and no secret is told to anybody.
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Coordination } from '../../src/coordination/coordination.ts'
import { connectZooKeeper } from '../../src/coordination/zookeeper.ts'
import { type OvateError } from '../../src/errors.ts'
import { opened, openedAndReady } from '../redis/opened.ts'
import { hasRedis } from '../redis/server.ts'
import { ask } from './ask.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { freePort } from './home.ts'
import { parseJson, request, sql } from './http.ts'
import { operatingBlocks } from './operating-page.ts'
import { hasCommand, OperatingPlace } from './operating-place.ts'
import { waitUntil, within } from './wait.ts'

const PAGE = join(import.meta.dirname, '../../docs/operating.md')
const WAIT_MS = 20_000
const ALL_MS = 90_000
const PURGED = 'ovate_purges_total{what="datasource"}'
const OTHER_AUTH = { OVATE_COORDINATION_AUTH_FILE: 'other-auth' }
const SECRETS = ['zookeeper-auth', 'redis-password', 'identity-secret', 'other-auth', 'other-password']

const missing =
  hasCommand('openssl', 'version') && hasCommand('curl', '--version') ? undefined : 'no openssl or no curl'
const isPossible = clusterAvailable && hasRedis && missing === undefined
if (!isPossible)
  process.stderr.write(`\n*** operating-secure: SKIPPED: ${missing ?? 'no cluster or no Redis'}\n`)

describe.runIf(isPossible)('docs/operating.md, closed to others', () => {
  const ends: (() => unknown)[] = []
  const path = `/ovate-secure-${randomUUID()}`
  let place: OperatingPlace
  let redisPort: number
  /** One that has other credentials for ZooKeeper, and one with another password for Redis and all secrets from the environment. */
  let others: Promise<unknown>

  const soon = (): AbortSignal => within(WAIT_MS)
  const content = (name: string): string => readFileSync(join(place.folder, name), 'utf8').trim()
  const admin = (replica: number): string => place.here(`http://127.0.0.1:988${replica}`)
  const client = (replica: number): string => place.here(`http://127.0.0.1:888${replica}`)

  beforeAll(async () => {
    redisPort = await freePort()
    place = await OperatingPlace.make(
      ['ovate-1', 'ovate-2', 'ovate-3', 'ovate-4', 'redis'],
      [
        ['redis.example.com', 'localhost'],
        ['6379', String(redisPort)],
        ['192.0.2.10', '127.0.0.1'],
        [/path: \/ovate$/gm, `path: ${path}`],
      ],
    )
    ends.push(() => place.remove())
    await place.install('0.1.0')
    const before = operatingBlocks('Step by step')
    for (const block of before)
      if (block.kind === 'file' ? block.name === 'start.sh' : block.text.includes('> identity-secret'))
        await place.step(block)
    const steps = operatingBlocks('Closed to others')
    const looks = steps.findIndex(({ text }) => text.includes('settings set'))
    for (const block of steps.slice(0, looks)) await place.step(block)
    // Only now, when the znodes are somebody's.
    writeFileSync(join(place.folder, 'other-auth'), `ovate:${randomUUID()}`)
    writeFileSync(join(place.folder, 'other-password'), randomUUID())
    writeFileSync(join(place.folder, 'few.yaml'), content('ovate.yaml').replaceAll(/^.*File: .*\n/gm, ''))
    others = Promise.all([
      place.mustRun('sh start.sh 3', OTHER_AUTH),
      place.mustRun("sed 's/ovate.yaml/few.yaml/' start.sh > start-few.sh; sh start-few.sh 4", {
        OVATE_COORDINATION_AUTH: content('zookeeper-auth'),
        OVATE_IDENTITY_SECRET: content('identity-secret'),
        OVATE_CACHE_SHARED_PASSWORD: content('other-password'),
      }),
    ])
    ends.push(removeZnodes)
    for (const block of steps.slice(looks)) await place.step(block)
  }, ALL_MS)
  afterAll(async () => {
    for (const end of ends.toReversed()) await end()
  })

  async function asUser(auth: string | undefined): Promise<Coordination> {
    const coordination = await connectZooKeeper({ connect: theCluster().zookeeper, auth })
    await waitUntil('a session', () => coordination.state === 'connected', soon())
    return coordination
  }

  /** Nobody without the credentials could. */
  async function removeZnodes(): Promise<void> {
    await endReplicas()
    const coordination = await asUser(content('zookeeper-auth'))
    const remove = async (at: string): Promise<void> => {
      for (const name of (await coordination.children(at, undefined, soon())) ?? [])
        await remove(`${at}/${name}`)
      await coordination.delete(at, undefined, soon())
    }
    try {
      await remove(path)
    } finally {
      await coordination.close()
    }
  }

  /** As an operator does, so that no session of theirs outlives them. */
  async function endReplicas(): Promise<void> {
    await others
    await place.mustRun(
      'kill $(cat ovate-*.pid); for f in ovate-*.pid; do tail -s 0.1 --pid="$(cat $f)" -f /dev/null; done; rm ovate-*.pid',
    )
  }

  async function counted(replica: number, metric: string): Promise<number> {
    const { body } = await request(`${admin(replica)}/metrics`)
    const line = body
      .toString()
      .split('\n')
      .find((one) => one.startsWith(`${metric} `))
    return Number(line?.split(' ').at(-1) ?? 0)
  }

  async function statusOf(replica: number): Promise<{
    readonly sharedCache: { readonly state: string }
    readonly coordination: { readonly session: string; readonly replicas: readonly unknown[] }
  }> {
    return parseJson(await request(`${admin(replica)}/ovate/status`)) as never
  }

  /** A statement that nobody has asked before. */
  function anotherStatement(): string {
    return `SELECT country, COUNT(*) AS n FROM events WHERE country <> '${randomUUID()}' GROUP BY 1 ORDER BY 1`
  }

  test('both replicas share what one was asked, and nobody else reads it', async () => {
    const statement = anotherStatement()
    const stored = 'ovate_shared_writes_total{outcome="stored"}'
    const hit = 'ovate_shared_reads_total{outcome="hit"}'
    const [storedBefore, hitBefore] = [await counted(1, stored), await counted(2, hit)]
    const first = await ask(client(1), statement)
    await waitUntil('the entry', async () => (await counted(1, stored)) > storedBefore, soon())
    const second = await ask(client(2), statement)
    expect([first.status, second.body.toString()]).toEqual([200, first.body.toString()])
    expect(await counted(2, hit)).toBeGreaterThan(hitBefore)
    const tls = { ca: content('ca.crt') }
    const stranger = new Redis({
      host: 'localhost',
      port: redisPort,
      tls,
      protocol: 2,
      disableClientInfo: true,
    })
    stranger.on('error', () => undefined)
    await expect(stranger.keys('*')).rejects.toThrow('NOAUTH')
    stranger.disconnect()
  })

  test.each<[string, string | undefined]>([
    ['none', undefined],
    ['others', 'ovate:somebody'],
  ])('znodes are closed to who has these credentials: %s', async (_, auth) => {
    const coordination = await asUser(auth)
    try {
      const settings = `${path}/settings/events`
      const refused = 'no authority'
      await expect(coordination.read(settings, undefined, soon())).rejects.toThrow(refused)
      await expect(coordination.write(settings, Buffer.from('{}'), undefined, soon())).rejects.toThrow(
        refused,
      )
      await expect(coordination.delete(settings, undefined, soon())).rejects.toThrow(refused)
      await expect(coordination.children(`${path}/epochs`, undefined, soon())).rejects.toThrow(refused)
      const more = `${path}/replicas/more`
      await expect(coordination.create(more, Buffer.alloc(0), 'ephemeral', soon())).rejects.toThrow(refused)
    } finally {
      await coordination.close()
    }
  })

  test('one with other credentials changes nothing and says why; one with another password goes on alone', async () => {
    const checking = place.run('./ovate check --config ovate.yaml', OTHER_AUTH)
    await others
    const checked = await checking
    expect(checked.exit).toBe(1)
    expect(checked.out).toMatch(/fail.*coordination: .*no authority/)
    await noAuthority()
    await alone()
    for (const replica of [1, 2, 3, 4]) {
      expectNoSecret(`status of ${replica}`, JSON.stringify(await statusOf(replica)))
      const { body } = await request(`${admin(replica)}/metrics`)
      expectNoSecret(`metrics of ${replica}`, body.toString())
    }
    const told = readdirSync(place.folder).filter((name) =>
      /^ovate-.*\.(?:log|out)$|^output|^redis.log$/.test(name),
    )
    expect(told.length).toBeGreaterThan(8)
    for (const name of told) expectNoSecret(name, content(name))
  })

  test('a secret that is given in both ways is refused, and not shown', async () => {
    const { exit, out } = await place.run('./ovate serve --config ovate.yaml', {
      OVATE_COORDINATION_AUTH: content('zookeeper-auth'),
      OVATE_IDENTITY_SECRET: content('identity-secret'),
      OVATE_CACHE_SHARED_PASSWORD: content('redis-password'),
    })
    expect(exit).toBe(2)
    for (const name of ['coordination.authFile', 'identity.secretFile', 'cache.shared.passwordFile'])
      expect(out).toContain(name)
    expectNoSecret('what it says', out)
  })

  async function noAuthority(): Promise<void> {
    expect(await statusOf(3)).toMatchObject({ coordination: { session: 'connected', replicas: [] } })
    expect(content('ovate-3.log')).toContain('no authority: the ACL asks for other credentials (-102)')
    const given = async (): Promise<unknown> => parseJson(await request(`${admin(1)}/ovate/settings/events`))
    const before = await given()
    const change = await place.run(`./ovate settings set -d events freshness.head=9s --admin ${admin(3)}`)
    expect(change).toMatchObject({ exit: 1, out: expect.stringContaining('no authority') as string })
    const put = {
      method: 'PUT',
      headers: { 'if-none-match': '*' },
      body: { freshness: { head: '9s' } },
    }
    for (const name of ['events', 'other']) {
      const answer = await request(`${admin(3)}/ovate/settings/${name}`, put)
      expect([answer.status, answer.body.toString()]).toEqual([503, expect.stringContaining('no authority')])
    }
    expect(await given()).toEqual(before)
    const purged = await counted(1, PURGED)
    const purge = await request(`${admin(3)}/ovate/cache?datasource=events`, { method: 'DELETE' })
    expect(purge.status).toBe(503)
    expect(purge.body.toString()).toContain('no authority')
    expect(await counted(1, PURGED)).toBe(purged)
    expect(await counted(3, 'ovate_replicas')).toBe(1)
  }

  async function alone(): Promise<void> {
    const statement = anotherStatement()
    const answer = await ask(client(4), statement)
    expect([answer.status, answer.body.toString()]).toEqual([
      200,
      (await sql(theCluster().services.broker1, statement)).body.toString(),
    ])
    expect((await statusOf(4)).sharedCache.state).toBe('connecting')
    expect(await counted(4, 'ovate_shared_reads_total{outcome="down"}')).toBeGreaterThan(0)
    expect(content('ovate-4.log')).toContain('the shared cache: WRONGPASS')
    for (const replica of [1, 2, 4]) expect((await statusOf(replica)).coordination.replicas).toHaveLength(3)
    // Settings and purges are everybody's, whatever becomes of Redis.
    const purged = await counted(1, PURGED)
    const purge = await request(`${admin(4)}/ovate/cache?datasource=events`, { method: 'DELETE' })
    expect(purge.status).toBe(200)
    await waitUntil('the purge', async () => (await counted(1, PURGED)) === purged + 1, soon())
    const inForce = parseJson(await request(`${admin(4)}/ovate/settings/events`))
    expect(inForce).toMatchObject({ inForce: { freshness: { head: 8_000 } } })
  }

  function expectNoSecret(where: string, text: string): void {
    for (const name of SECRETS) {
      const password = content(name).split(':').at(-1) ?? ''
      expect(password.length).toBeGreaterThan(30)
      expect({ name, where, isSeen: text.includes(password) }).toEqual({ name, where, isSeen: false })
    }
  }

  test.each([
    ['WRONGPASS', { password: 'other' }, 'localhost'],
    ['unable to verify the first certificate', { tls: { verify: true } }, 'localhost'],
    ["Hostname/IP does not match certificate's altnames", {}, '127.0.0.1'],
  ])('the page says what this is: %s', async (said, given, host) => {
    const errors: OvateError[] = []
    const tls = { ca: Buffer.from(content('ca.crt')), verify: true }
    const credentials = { username: 'ovate', password: content('redis-password') }
    const onError = (error: OvateError): void => void errors.push(error)
    const address = { nodes: [`${host}:${redisPort}`], ...credentials, tls, onError, ...given }
    const { cache } = opened(ends, address)
    await waitUntil('its error', () => errors.length > 0, soon())
    expect(errors[0]?.message).toContain(`the shared cache: ${said}`)
    expect(cache.state).toBe('connecting')
    expect(readFileSync(PAGE, 'utf8')).toContain(`the shared cache: ${said}`)
  })

  test('a server that wants TLS ends connections without', async () => {
    const errors: OvateError[] = []
    const onError = (error: OvateError): void => void errors.push(error)
    const { cache } = opened(ends, { nodes: [`localhost:${redisPort}`], password: 'any', onError })
    await waitUntil('its error', () => errors.length > 0, soon())
    expect(errors[0]?.message).toMatch(/^the shared cache: .*(?:ECONNRESET|EPIPE|closed)/)
    expect(cache.state).toBe('connecting')
  })

  test('a user that is not given shows as refusals alone', async () => {
    const tls = { ca: Buffer.from(content('ca.crt')), verify: true }
    const one = await openedAndReady(ends, { nodes: [`localhost:${redisPort}`], tls })
    expect(await one.text('k')).toBeUndefined()
    expect(one.counts).toEqual({ 'looked refused': 1, 'refused NOAUTH': 1 })
  })
})
