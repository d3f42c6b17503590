// Who may see what, on a real Broker that knows users: rights and row policies that change while many ask at once.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkSetup } from '../../src/app/check.ts'
import { type Config, parseConfig } from '../../src/config/config.ts'
import { connectZooKeeper } from '../../src/coordination/zookeeper.ts'
import { type Coordination } from '../../src/coordination/coordination.ts'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { hasRedis, type RedisServer, startRedis } from '../redis/server.ts'
import { clusterAvailable } from './available.ts'
import { type Cluster } from './cluster.ts'
import { startOvate } from './ovate.ts'
import { request } from './http.ts'
import { OvateProcess } from './security/ovate-process.ts'
import { brokerOf, OwnedTable, secureCluster } from './security/secure.ts'
import { basic, brokerCertificate, setUsers, type User, type Users } from './security/settings.ts'
import { tlsPortOf } from './services.ts'
import { waitUntil, within } from './wait.ts'
import { THOROUGH } from '../support/thorough.ts'

type Headers = Readonly<Record<string, string>>

const RECHECK_MS = 1_500
const POLICY_MS = 3_000
/** Between the clock that a test reads and the moment when Ovate reads its own. */
const SLACK_MS = 250
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LANES = 12
/** A hang is to be told, not slowness. */
const LIMIT_MS = 600_000
/** How often each question comes, twice each. */
const ROUNDS = THOROUGH ? 5 : 1
/** In every secret, and nowhere else: never to be seen where operators look. */
const MARK = `s3cr3t${randomBytes(6).toString('hex')}`
const PASSWORD = `${MARK}-of-ovate`
const TOKEN = `${MARK}-of-operators`

/** Each is known by another header. */
const CREDENTIALS = {
  alice: { authorization: basic('alice', `${MARK}-a`) },
  bob: { cookie: `session=${MARK}-b` },
  carol: { 'x-forwarded-user': `carol@${MARK}-c` },
  dave: { authorization: `Bearer ${MARK}-d` },
} as const satisfies Record<string, Headers>
type Name = keyof typeof CREDENTIALS
const NAMES = Object.keys(CREDENTIALS) as Name[]
const OWNERS = ['alice', 'bob', 'carol'] as const
/** Base64 hides a mark: what it looks like then. */
const SECRETS = [
  MARK,
  ...[CREDENTIALS.alice.authorization, basic('ovate', PASSWORD)].map((one) => one.slice(6)),
]

const run = Date.now().toString(36)
const OWNED = `owned_${run}`
const COMMON = `common_${run}`
const FIRST_MS = Date.UTC(2026, 9, 5)
const DAYS = 3

function owns(owner: string, more: readonly object[] = []): object {
  const own = { type: 'equals', column: 'owner', matchValueType: 'STRING', matchValue: `of-${owner}` }
  return { type: 'and', fields: [own, ...more] }
}

function userOf(name: Name, user: Omit<User, 'known'>): User {
  return { known: Object.entries(CREDENTIALS[name]).map(([header, value]) => `${header}: ${value}`), ...user }
}

/** Each owner sees its own rows of one datasource and all of the other; dave may read neither. */
function usual(changes: Partial<Record<Name, Omit<User, 'known'>>> = {}): Users {
  const users = NAMES.map((name) => {
    const own = { read: [OWNED, COMMON], policies: { [OWNED]: owns(name) } }
    return [name, userOf(name, changes[name] ?? (name === 'dave' ? {} : own))] as const
  })
  const ovate = { known: [`authorization: ${basic('ovate', PASSWORD)}`], read: [OWNED, COMMON] }
  return { ...Object.fromEntries(users), ovate }
}

interface Got {
  readonly status: number
  readonly text: string
  readonly cache: string
  readonly askedAtMs: number
}

async function ask(url: string, name: Name, body: object): Promise<Got> {
  const askedAtMs = Date.now()
  const got = await request(`${url}/druid/v2/sql`, { body, headers: CREDENTIALS[name] })
  // An id is new each time, also in what EXPLAIN shows.
  const text = got.body.toString().replaceAll(/(sqlQueryId[\\":]+)[\w-]+/g, '$1')
  return { status: got.status, text, cache: String(got.headers['cache-status']), askedAtMs }
}

function between(startMs: number, endMs: number): string {
  const literal = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
  return `__time >= TIMESTAMP '${literal(startMs)}' AND __time < TIMESTAMP '${literal(endMs)}'`
}

const WINDOWS = [0, 1, 2].map((at) =>
  between(FIRST_MS + at * 5 * HOUR_MS, FIRST_MS + 2 * DAY_MS + at * 5 * HOUR_MS),
)
type Form = (table: string, time: string) => string

/** Put together from parts, computed from parts, and kept whole. */
const SLIDING: readonly [Form, Form, Form] = [
  (table: string, time: string) =>
    `SELECT FLOOR(__time TO HOUR) AS h, COUNT(*) AS n, SUM(added) AS a, MAX(owner) AS o FROM ${table} WHERE ${time} GROUP BY 1 ORDER BY 1`,
  (table: string, time: string) =>
    `SELECT FLOOR(__time TO DAY) AS d, COUNT(*) AS n, SUM(added) AS a FROM ${table} WHERE ${time} GROUP BY 1 ORDER BY 1`,
  (table: string, time: string) =>
    `SELECT owner, page, COUNT(*) AS n, SUM(added) AS a FROM ${table} WHERE ${time} GROUP BY 1, 2 ORDER BY 1, 2`,
]
/** Hours, and what follows from them. */
const DERIVING = [
  `SELECT FLOOR(__time TO HOUR) AS h, owner, COUNT(*) AS n, SUM(added) AS a FROM ${OWNED} WHERE ? GROUP BY 1, 2`,
  `SELECT FLOOR(__time TO DAY) AS d, owner, COUNT(*) AS n, SUM(added) AS a FROM ${OWNED} WHERE ? GROUP BY 1, 2`,
  `SELECT owner, SUM(added) AS a FROM ${OWNED} WHERE ? GROUP BY 1`,
] as const
const COUNTS = `SELECT owner, COUNT(*) AS n, SUM(added) AS s FROM ${OWNED} GROUP BY 1 ORDER BY 1`
const STILL = [
  COUNTS,
  `SELECT __time, owner, page, added FROM ${OWNED} ORDER BY __time LIMIT 40`,
  `SELECT MAX(n) AS most FROM (SELECT owner, COUNT(*) AS n FROM ${OWNED} GROUP BY 1)`,
  // What Druid refuses may quote rows.
  `SELECT owner, CAST(owner AS DOUBLE) / 0 AS d, 1 / (LENGTH(owner) - 8) AS q FROM ${OWNED} ORDER BY __time LIMIT 5`,
  `SELECT nothing FROM ${OWNED}`,
  `SELECT a.owner FROM ${OWNED} a JOIN ${COMMON} b ON a.page = b.page GROUP BY 1 ORDER BY 1`,
  `SELECT COUNT(*) AS n FROM ${COMMON}`,
  "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid' ORDER BY 1",
  `EXPLAIN PLAN FOR ${COUNTS}`,
]

/** Every statement in some of the formats. */
function bodies(): readonly object[] {
  const sliding = WINDOWS.flatMap((time) => SLIDING.map((form) => form(OWNED, time)))
  const plain = [...sliding, ...STILL].map((query, at) => ({
    query,
    resultFormat: RESULT_FORMATS[at % RESULT_FORMATS.length],
    header: at % 2 === 0,
  }))
  // Nobody here may set context keys: Druid refuses those that the user sets, and would refuse any that Ovate adds.
  return [...plain, { query: COUNTS, context: { sqlTimeZone: 'Asia/Tokyo' } }, { query: COUNTS, context: {} }]
}

async function inLanes(work: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = [...work]
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

describe.runIf(clusterAvailable)('on a real Broker that knows users', () => {
  let cluster: Cluster
  let broker: string
  let redis: RedisServer | undefined
  let replicas: readonly OvateProcess[] = []
  const tables: OwnedTable[] = []
  const ends: (() => unknown)[] = []

  beforeAll(async () => {
    cluster = await secureCluster()
    broker = brokerOf(cluster)
    setUsers(cluster.dir, usual())
    redis = hasRedis ? await startRedis(ends) : undefined
    const rows = Array.from({ length: DAYS * 24 }, (_, hour) =>
      OWNERS.map((owner, at) => ({
        ts: FIRST_MS + hour * HOUR_MS + at * 1_000,
        owner: `of-${owner}`,
        page: `page ${hour % 5} of-${owner}`,
        added: hour + at,
      })),
    ).flat()
    tables.push(new OwnedTable(cluster, OWNED), new OwnedTable(cluster, COMMON))
    await Promise.all(tables.map((table) => table.load(rows)))
    const settings = {
      druid: { brokers: [broker], username: 'ovate', password: PASSWORD },
      identity: { secret: `${MARK}-of-identities`, recheck: `${RECHECK_MS}ms`, policy: `${POLICY_MS}ms` },
      freshness: { cap: '1h', growth: 1, schemaRefresh: '1s' },
      datasources: { [COMMON]: { shared: true, rowPolicies: 'none' } },
      coordination: { connect: cluster.zookeeper, path: `/ovate-${run}`, auth: `ovate:${MARK}-of-zookeeper` },
      ...(redis !== undefined && { cache: { shared: { mode: 'single', nodes: [redis.node] } } }),
    }
    replicas = await Promise.all([1, 2].map(() => OvateProcess.start(settings, TOKEN)))
  })

  afterAll(async () => {
    await Promise.all(replicas.map((one) => one.end()))
    for (const table of tables) await table.remove()
    for (const end of ends.toReversed()) await end()
  })

  const [first, second] = [(): string => replicas[0]?.url ?? '', (): string => replicas[1]?.url ?? '']

  test(
    'no two of them see each other, whatever is asked, all asking at once; and no secret is seen',
    async () => {
      setUsers(cluster.dir, usual())
      const expected: { name: Name; body: object; status: number; text: string }[] = []
      const direct = bodies().flatMap((body) => NAMES.map((name) => ({ name, body })))
      await inLanes(
        direct.map((one) => async () => {
          const { status, text } = await ask(broker, one.name, one.body)
          expected.push({ ...one, status, text })
        }),
      )
      expect(new Set(expected.map(({ status }) => status))).toEqual(new Set([200, 400, 403, 500]))
      const ways = new Map<string, number>()
      const wrong: unknown[] = []
      const seen: string[] = []
      for (let round = 0; round < ROUNDS; round += 1) {
        // One after the other, since what is kept under a policy doesn't live long here.
        const again = bodies().flatMap((body) => {
          const same = expected.filter((one) => JSON.stringify(one.body) === JSON.stringify(body))
          return [...same, ...same]
        })
        const questions = again.map(({ name, body, status, text }, at) => async () => {
          const got = await ask((at + round) % 4 === 0 ? second() : first(), name, body)
          count(ways, got)
          if (got.status !== status || got.text !== text) wrong.push({ name, body, got, status, text })
          const others = OWNERS.filter((owner) => owner !== name)
          const isShared = JSON.stringify(body).includes(`FROM ${COMMON}`)
          if (!isShared && others.some((other) => got.text.includes(`of-${other}`)))
            wrong.push({ name, body, got })
        })
        const looks = [
          '/metrics',
          '/ovate/status',
          '/ovate/flights',
          '/ovate/cache',
          '/ovate/brokers',
          '/ovate/settings',
        ].map((path) => async () => {
          for (const replica of replicas) seen.push(await replica.admin(path))
        })
        const explained = async (): Promise<void> => {
          for (const replica of replicas)
            seen.push(await replica.admin(`/ovate/explain?sql=${encodeURIComponent(COUNTS)}`))
        }
        const lists = NAMES.map((name) => async () => {
          const list = async (url: string): Promise<string> =>
            (await request(`${url}/druid/v2/datasources`, { headers: CREDENTIALS[name] })).body.toString()
          expect(await list(first())).toBe(await list(broker))
        })
        await inLanes([...questions, ...looks, explained, ...lists])
      }
      expect(wrong.slice(0, 3)).toEqual([])
      // Answers were shared within each identity, or this would prove nothing.
      process.stderr.write(`users told apart: ${JSON.stringify(Object.fromEntries(ways))}\n`)
      expect([...ways.keys()]).toEqual(expect.arrayContaining(['fwd=miss', 'fwd=bypass', 'whole']))
      const counted = (...names: string[]): number =>
        names.reduce((sum, name) => sum + (ways.get(name) ?? 0), 0)
      expect(counted('hit', 'collapsed')).toBeGreaterThan(0)
      expect(counted('series', 'merge')).toBeGreaterThan(0)
      expect(seen.filter((text) => OWNERS.some((owner) => text.includes(`of-${owner}`)))).toEqual([])
      const held = [...replicas.map(({ written }) => written), ...seen]
      held.push(...(await allOfRedis(redis)), ...(await allOfZooKeeper(cluster, `/ovate-${run}`)))
      expect(held.length).toBeGreaterThan(10)
      for (const secret of SECRETS)
        expect(held.filter((text) => text.includes(secret)).map((text) => around(text, secret))).toEqual([])
    },
    LIMIT_MS * ROUNDS,
  )

  test(
    "a right that was taken away under load ends within identity.recheck, while another's goes on",
    async () => {
      setUsers(cluster.dir, usual())
      const body = { query: COUNTS }
      const takenAtMs = { at: Number.POSITIVE_INFINITY }
      const late = { given: 0, kept: 0, refused: 0, others: 0 }
      const wrong: unknown[] = []
      // On a slow machine for as long as it takes until each has happened.
      const giveUp = within(LIMIT_MS / 2)
      const hasAll = (): boolean => late.refused > 0 && late.others > 0
      const isOver = (): boolean => giveUp.aborted || (hasAll() && Date.now() > takenAtMs.at + 2 * RECHECK_MS)
      const lane = async (name: Name, url: string): Promise<void> => {
        while (!isOver()) {
          const got = await ask(url, name, body)
          if (name !== 'alice') {
            if (got.status === 200) late.others += 1
            else wrong.push(got)
          } else if (got.status === 403) late.refused += 1
          else if (got.askedAtMs > takenAtMs.at + RECHECK_MS + SLACK_MS) wrong.push(got)
          else if (got.askedAtMs > takenAtMs.at) late.given += 1
          else late.kept += 1
        }
      }
      const taking = (async () => {
        await waitUntil('answers to alice', () => late.kept > 3, giveUp)
        setUsers(cluster.dir, usual({ alice: { read: [COMMON] } }))
        takenAtMs.at = Date.now()
      })()
      await Promise.all([
        taking,
        ...[first(), second()].flatMap((url) => [lane('alice', url), lane('alice', url), lane('bob', url)]),
      ])
      process.stderr.write(`a right taken away: ${JSON.stringify(late)}\n`)
      expect(wrong.slice(0, 3)).toEqual([])
      expect(Math.min(late.refused, late.kept, late.others)).toBeGreaterThan(0)
    },
    LIMIT_MS,
  )

  test(
    'a row policy that was tightened under load holds within identity.policy, also in parts',
    async () => {
      setUsers(cluster.dir, usual())
      const series = SLIDING[0](OWNED, WINDOWS[0] ?? '')
      const all = [{ query: COUNTS }, { query: series }]
      const before = await Promise.all(all.map((body) => ask(broker, 'bob', body)))
      const tightened = owns('bob', [
        { type: 'range', column: 'added', matchValueType: 'LONG', upper: 30, upperOpen: true },
      ])
      const tighter = usual({ bob: { read: [OWNED, COMMON], policies: { [OWNED]: tightened } } })
      const tightAtMs = { at: Number.POSITIVE_INFINITY }
      const counted = { old: 0, oldAfter: 0, fresh: 0, mixed: 0 }
      const late: Got[] = []
      const answers: { readonly at: number; readonly got: Got }[] = []
      const giveUp = within(LIMIT_MS / 2)
      const isOver = (): boolean => giveUp.aborted || Date.now() > tightAtMs.at + POLICY_MS + 1_000
      const lane = async (at: number, url: string): Promise<void> => {
        while (!isOver()) answers.push({ at, got: await ask(url, 'bob', all[at] ?? {}) })
      }
      const tightening = (async () => {
        const isHeld = (): boolean => answers.some(({ got }) => isHit(got))
        await waitUntil('answers that are held', isHeld, giveUp)
        setUsers(cluster.dir, tighter)
        tightAtMs.at = Date.now()
      })()
      await Promise.all([
        tightening,
        lane(0, first()),
        lane(1, first()),
        lane(0, second()),
        lane(1, second()),
      ])
      const after = await Promise.all(all.map((body) => ask(broker, 'bob', body)))
      expect(after.map(({ text }) => text)).not.toEqual(before.map(({ text }) => text))
      for (const { at, got } of answers) {
        if (got.text === after[at]?.text) counted.fresh += 1
        else if (got.askedAtMs > tightAtMs.at + POLICY_MS + SLACK_MS) late.push(got)
        else if (got.askedAtMs > tightAtMs.at) counted.oldAfter += 1
        else if (got.text === before[at]?.text) counted.old += 1
        else counted.mixed += 1
      }
      process.stderr.write(`a policy tightened: ${JSON.stringify(counted)}\n`)
      expect(late.slice(0, 2)).toEqual([])
      expect(counted.mixed).toBe(0)
      // Some were held, so that the bound was there to be kept.
      expect(Math.min(counted.old, counted.oldAfter, counted.fresh)).toBeGreaterThan(0)
    },
    LIMIT_MS,
  )

  test(
    'what is declared shared is computed once for all who may read it, and given to nobody else',
    async () => {
      setUsers(cluster.dir, usual())
      const queries = WINDOWS.flatMap((time) => SLIDING.map((form) => form(COMMON, time)))
      const expected = await Promise.all(queries.map((query) => ask(broker, 'alice', { query })))
      const wrong: unknown[] = []
      const ways = new Map<string, number>()
      const work = [0, 1, 2].flatMap((round) =>
        queries.flatMap((query, at) =>
          NAMES.map((name) => async () => {
            const got = await ask(round === 1 ? second() : first(), name, { query })
            count(ways, got)
            const isRight = name === 'dave' ? got.status === 403 : got.text === expected[at]?.text
            if (!isRight) wrong.push({ name, query, got })
          }),
        ),
      )
      await inLanes(work)
      expect(wrong.slice(0, 3)).toEqual([])
      process.stderr.write(`declared shared: ${JSON.stringify(Object.fromEntries(ways))}\n`)
      // Fewer than each of them alone would have needed.
      expect((ways.get('hit') ?? 0) + (ways.get('collapsed') ?? 0)).toBeGreaterThan(queries.length)
    },
    LIMIT_MS,
  )

  test(
    'a row policy that comes under load over what is declared shared holds within identity.policy, and nobody is given what it hid',
    async () => {
      setUsers(cluster.dir, usual())
      const windows = [0, 1, 2, 3, 4].map((hour) =>
        between(FIRST_MS + hour * HOUR_MS, FIRST_MS + 2 * DAY_MS + hour * HOUR_MS),
      )
      const queries = windows.flatMap((time) => [SLIDING[0], SLIDING[2]].map((form) => form(COMMON, time)))
      const textsFor = (name: Name): Promise<readonly string[]> =>
        Promise.all(queries.map(async (query) => (await ask(broker, name, { query })).text))
      const all = await textsFor('alice')
      const policies = { [OWNED]: owns('bob'), [COMMON]: owns('bob') }
      const under = usual({ bob: { read: [OWNED, COMMON], policies } })
      const setAtMs = { at: Number.POSITIVE_INFINITY }
      const answers: { readonly name: Name; readonly at: number; readonly got: Got }[] = []
      const giveUp = within(LIMIT_MS / 2)
      const isOver = (): boolean => giveUp.aborted || Date.now() > setAtMs.at + POLICY_MS + 2_000
      const lane = async (name: Name, url: string, from: number): Promise<void> => {
        for (let step = from; !isOver(); step += 1) {
          const at = step % queries.length
          answers.push({ name, at, got: await ask(url, name, { query: queries[at] }) })
        }
      }
      const setting = (async () => {
        const areShared = (): boolean => answers.filter(({ got }) => isHit(got)).length > 20
        await waitUntil('answers that are shared', areShared, giveUp)
        setUsers(cluster.dir, under)
        setAtMs.at = Date.now()
      })()
      const lanes = [first(), second()].flatMap((url, from) => [
        lane('alice', url, from),
        lane('bob', url, from),
        lane('bob', url, from + 5),
        lane('carol', url, from + 2),
      ])
      await Promise.all([setting, ...lanes])
      const his = await textsFor('bob')
      const counted = { all: 0, allAfter: 0, own: 0, hits: 0, mixed: 0 }
      const wrong: unknown[] = []
      for (const { name, at, got } of answers) {
        if (isHit(got)) counted.hits += 1
        if (name !== 'bob') {
          if (got.text !== all[at]) wrong.push({ name, at, got })
        } else if (got.text === his[at]) counted.own += 1
        else if (got.askedAtMs > setAtMs.at + POLICY_MS + SLACK_MS) wrong.push({ name, at, got })
        else if (got.text !== all[at]) counted.mixed += 1
        else if (got.askedAtMs > setAtMs.at) counted.allAfter += 1
        else counted.all += 1
      }
      process.stderr.write(`a policy over what is shared: ${JSON.stringify(counted)}\n`)
      expect(wrong.slice(0, 2)).toEqual([])
      expect(his).not.toEqual(all)
      expect(Math.min(counted.all, counted.own, counted.hits)).toBeGreaterThan(0)
      // What was there before is still everybody else's.
      for (const [at, query] of queries.entries())
        expect((await ask(first(), 'carol', { query })).text).toBe(all[at])
    },
    LIMIT_MS,
  )

  test(
    "what is computed from finer answers is computed from one's own",
    async () => {
      setUsers(cluster.dir, usual())
      const [hours, ...coarser] = DERIVING
      const derived = new Map<Name, number>()
      const wrong: unknown[] = []
      const giveUp = within(LIMIT_MS / 2)
      const lane = async (name: (typeof OWNERS)[number]): Promise<void> => {
        const asked = async (form: string, at: number): Promise<string> => {
          const end = FIRST_MS + 2 * DAY_MS
          const query = form.replace('?', between(end - (1 + (at % 2)) * DAY_MS, end + (at % 9) * HOUR_MS))
          const [got, own] = await Promise.all([first(), broker].map((url) => ask(url, name, { query })))
          const others = OWNERS.filter((owner) => owner !== name)
          const isOthers = others.some((other) => got?.text.includes(`of-${other}`))
          if (got?.text !== own?.text || isOthers) wrong.push({ name, query, got, own })
          return got?.cache ?? ''
        }
        for (const form of coarser) {
          // What is kept under a policy doesn't live long here: the finer one is asked anew beside it.
          const isDerived = async (at: number): Promise<boolean> => {
            await asked(hours, at)
            return (await asked(form, at)).includes('derive ')
          }
          let at = 0
          const once = async (): Promise<boolean> => wrong.length > 0 || (await isDerived(at++))
          await waitUntil('an answer that is derived', once, giveUp)
          derived.set(name, (derived.get(name) ?? 0) + 1)
        }
      }
      await Promise.all(OWNERS.map(lane))
      expect(wrong.slice(0, 2)).toEqual([])
      expect([...derived.values()]).toEqual(OWNERS.map(() => coarser.length))
    },
    LIMIT_MS,
  )

  test(
    'a Broker by TLS: with the certificates that it wants, and with no others',
    async () => {
      setUsers(cluster.dir, usual())
      const fixture = (name: string): string => join(import.meta.dirname, '../fixtures/tls', name)
      const ca = brokerCertificate(cluster.dir)
      const pair = { cert: fixture('client.crt'), key: fixture('client.key') }
      const [port, own] = [tlsPortOf(cluster.offset), { username: 'ovate', password: PASSWORD }]
      const linesOf = async (host: string, tls: object): Promise<readonly string[]> => {
        const config = parseConfig({ druid: { brokers: [`https://${host}:${port}`], ...own, tls } })
        const lines = await checkSetup(config, within(30_000))
        return lines.map(({ level, text }) => `${level} ${text}`)
      }
      const ready = expect.stringMatching(/^ok Broker .* is ready/) as string
      for (const host of ['127.0.0.1', 'localhost'])
        expect(await linesOf(host, { ca, ...pair })).toContainEqual(ready)
      const wrong = [{ ca }, pair, { ...pair, ca: fixture('ca.crt') }]
      const refused = await Promise.all(wrong.map((tls) => linesOf('127.0.0.1', tls)))
      const why = expect.stringMatching(/^fail Broker .* is probing: no connection: /) as string
      for (const lines of refused) expect(lines).toContainEqual(why)
      const app = await startOvate(
        cluster,
        {
          druid: { brokers: [`https://127.0.0.1:${port}`], ...own, tls: { ca, ...pair } },
        },
        CREDENTIALS.alice,
      )
      try {
        const { status, text } = await ask(app.url, 'alice', { query: COUNTS })
        expect([status, text]).toEqual([200, (await ask(broker, 'alice', { query: COUNTS })).text])
      } finally {
        await app.close()
      }
    },
    LIMIT_MS,
  )

  test(
    'whoever looks at how users are known is told, or that it may not be looked at',
    async () => {
      const config = (username: string, password: string): Config =>
        parseConfig({ druid: { brokers: [broker], username, password } })
      const texts = async (given: Config): Promise<string> =>
        (await checkSetup(given, within(30_000))).map(({ level, text }) => `${level} ${text}`).join('\n')
      expect(await texts(config('ovate', PASSWORD))).toContain('warn GET /status/properties was refused')
      const { username, password } = new URL(cluster.services.broker1)
      expect(await texts(config(username, password))).toContain(
        'ok Druid knows users by its authenticator rights',
      )
    },
    LIMIT_MS,
  )
})

function isHit({ cache }: Got): boolean {
  return cache.includes('hit')
}

function count(ways: Map<string, number>, { cache }: Got): void {
  for (const [word] of cache.matchAll(/hit|collapsed|fwd=\w+|series|merge|derive|whole/g))
    ways.set(word, (ways.get(word) ?? 0) + 1)
}

/** A secret where it was seen. */
function around(text: string, secret: string): string {
  const at = text.indexOf(secret)
  return text.slice(Math.max(0, at - 120), at + 40)
}

async function allOfRedis(redis: RedisServer | undefined): Promise<readonly string[]> {
  if (redis === undefined) return []
  const keys = await redis.client.keys('*')
  const values = await Promise.all(keys.map((key) => redis.client.getBuffer(key)))
  return [...keys, ...values.map((value) => value?.toString('latin1') ?? '')]
}

async function allOfZooKeeper({ zookeeper }: Cluster, path: string): Promise<readonly string[]> {
  const auth = `ovate:${MARK}-of-zookeeper`
  const client = await connectZooKeeper({ connect: zookeeper, sessionTimeoutMs: 10_000, auth })
  try {
    await waitUntil('ZooKeeper', () => client.state === 'connected', within(20_000))
    return await allUnder(client, path, within(20_000))
  } finally {
    await client.close()
  }
}

async function allUnder(client: Coordination, path: string, signal: AbortSignal): Promise<readonly string[]> {
  const names = (await client.children(path, undefined, signal)) ?? []
  const znode = await client.read(path, undefined, signal)
  const all = [path, znode?.data.toString('latin1') ?? '']
  for (const name of names) all.push(...(await allUnder(client, `${path}/${name}`, signal)))
  return all
}
