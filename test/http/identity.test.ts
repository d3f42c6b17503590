// Who may see what, on a Broker that knows users: rights, and row policies that nobody tells Ovate of.
import { afterEach, describe, expect, test } from 'vitest'
import { startAdmin } from '../../src/admin/admin.ts'
import { adminOptions } from '../../src/app/listeners.ts'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { type SandboxUsers } from '../../src/sandbox/users.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { OWN_AUTHORIZATION, type SandboxStack, startSandboxStack } from '../support/sandbox-stack.ts'
import { until } from '../support/until.ts'

type Headers = Readonly<Record<string, string>>

/** Each is known by another header. */
const CREDENTIALS = {
  alice: { authorization: 'Basic YWxpY2U6c2VjcmV0LWE=' },
  bob: { cookie: 'session=secret-b' },
  carol: { 'x-forwarded-user': 'carol@secret-c' },
  dave: { authorization: 'Bearer secret-d' },
} as const satisfies Record<string, Headers>
type Name = keyof typeof CREDENTIALS
const NAMES = Object.keys(CREDENTIALS) as Name[]
/** Of a cookie, an address and a token; never to be seen where operators look. */
const SECRETS = ['secret-', 'YWxpY2U6', OWN_AUTHORIZATION.slice(6)]
const OWNERS = ['alice', 'bob', 'carol'] as const
const DAY_MS = 86_400_000
const ROWS_EACH = 40

/** Each sees its own rows; dave may read nothing. */
function ownRows(): SandboxUsers {
  const owner = (name: string): Record<string, string> => ({ edits: `owner = 'of-${name}'` })
  return {
    [OWN_AUTHORIZATION]: { tables: ['edits', 'stream'] },
    ...Object.fromEntries(
      OWNERS.map((name) => [valueOf(name), { tables: ['edits'], rowFilter: owner(name) }]),
    ),
    [valueOf('dave')]: { tables: ['stream'] },
  }
}

/** Each sees every row; dave may read nothing. */
function allRows(): SandboxUsers {
  const users = ownRows()
  for (const name of OWNERS) users[valueOf(name)] = { tables: ['edits'] }
  return users
}

function valueOf(name: Name): string {
  return Object.values<string>(CREDENTIALS[name])[0] ?? ''
}

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop()
})

async function started(users: SandboxUsers, settings: Record<string, unknown>): Promise<SandboxStack> {
  const all = await startSandboxStack(settings)
  stops.push(() => all.stop())
  const columns = new Map([
    ['__time', 'TIMESTAMP'],
    ['owner', 'VARCHAR'],
    ['page', 'VARCHAR'],
    ['added', 'BIGINT'],
  ] as const)
  const table = await all.sandbox.engine.createTable('edits', columns)
  await table.append(
    OWNERS.flatMap((name, who) =>
      Array.from({ length: ROWS_EACH + who }, (_, index) => ({
        __time: all.clock.now() - 10 * DAY_MS + index * 1_000 + who,
        owner: `of-${name}`,
        page: `page ${index} of-${name}`,
        added: index + who,
      })),
    ),
  )
  all.sandbox.behaviour.users = users
  return all
}

interface Got {
  readonly status: number
  readonly text: string
  readonly cache: string
  readonly id: string | null
}

async function ask(url: string, headers: Headers, body: Record<string, unknown>): Promise<Got> {
  const response = await fetch(`${url}/druid/v2/sql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  })
  return {
    status: response.status,
    text: await response.text(),
    cache: response.headers.get('cache-status') ?? '',
    id: response.headers.get('x-druid-sql-query-id'),
  }
}

async function get(url: string, headers: Headers = {}): Promise<string> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(20_000) })
  return await response.text()
}

const REFUSAL = '{"Access-Check-Result":"Unauthorized"}'
const COUNTS = 'SELECT owner, COUNT(*) AS n, SUM(added) AS s FROM edits GROUP BY 1 ORDER BY 1'
/** The sum of what alice added: for her alone this divides by zero. */
const ALICE = (ROWS_EACH * (ROWS_EACH - 1)) / 2
const STATEMENTS = [
  COUNTS,
  'SELECT __time, owner, page, added FROM edits ORDER BY __time LIMIT 500',
  "SELECT page, MAX(added) AS m FROM edits WHERE added > 3 AND __time >= '2026-11-01' GROUP BY 1 ORDER BY 1",
  'SELECT MAX(n) AS most FROM (SELECT owner, COUNT(*) AS n FROM edits GROUP BY 1)',
  `SELECT 1000 / (SUM(added) - ${ALICE}) AS q FROM edits`,
  // Its refusal quotes a row.
  'SELECT owner, CAST(owner AS DOUBLE) AS d FROM edits ORDER BY __time LIMIT 5',
  'SELECT nothing FROM edits',
  'SELECT COUNT(*) FROM stream',
  "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid'",
  `EXPLAIN PLAN FOR ${COUNTS}`,
]

interface Case {
  readonly name: Name
  readonly body: Record<string, unknown>
  readonly expected: Pick<Got, 'status' | 'text'>
}

/** What Druid itself answers to each user, for each statement, format and head. */
async function cases({ sandbox }: SandboxStack): Promise<Case[]> {
  const bodies = STATEMENTS.flatMap((query) =>
    RESULT_FORMATS.flatMap((resultFormat) => [
      { query, resultFormat },
      { query, resultFormat, header: true, typesHeader: true, sqlTypesHeader: true },
    ]),
  )
  const all = NAMES.flatMap((name) => bodies.map((body) => ({ name, body })))
  return await Promise.all(
    all.map(async ({ name, body }) => {
      const { status, text } = await ask(sandbox.url, CREDENTIALS[name], body)
      return { name, body, expected: { status, text } }
    }),
  )
}

/** Runs what is given on so many lanes at once, while time goes on. */
async function underLoad({ clock }: SandboxStack, work: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = [...work]
  const state = { running: true }
  const time = (async () => {
    while (state.running) await clock.advance(2)
  })()
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next()
  }
  await Promise.all(Array.from({ length: 24 }, lane)).finally(() => (state.running = false))
  await time
}

/** The same order each time: neighbours are different users with the same statement, and with others. */
function mixed<Item>(items: readonly Item[], times: number): Item[] {
  const stride = 37
  return Array.from({ length: items.length * times }, (_, index) => index * stride + Math.floor(index / 7))
    .map((at) => items[at % items.length])
    .filter((item) => item !== undefined)
}

describe.runIf(sandboxAvailable)('on a Broker that knows users', () => {
  test('no two of them see each other, in answers, refusals, plans and lists, all asking at once', async () => {
    const all = await started(ownRows(), { identity: { recheck: '300ms', policy: '700ms' } })
    const { sandbox, url, stack } = all
    const admin = await startAdmin(adminOptions(stack.config, stack, stack.metrics))
    stops.push(() => admin.close())
    const expected = await cases(all)
    expect(new Set(expected.map(({ expected: { status } }) => status))).toEqual(new Set([200, 400, 403, 500]))
    sandbox.behaviour.delayMs = 4
    const before = sandbox.stats.data
    const ways = new Set<string>()
    let asked = 0
    const questions = mixed(expected, 3).map(
      ({ name, body, expected: { status, text } }, index) =>
        async () => {
          const sqlQueryId = `${name}-${index}`
          const got = await ask(url, CREDENTIALS[name], { ...body, context: { sqlQueryId } })
          asked += 1
          ways.add(got.cache.split('; ')[1] ?? '')
          if (got.cache.includes('collapsed')) ways.add('collapsed')
          expect({ name, body, ...got, cache: '' }).toEqual({
            name,
            body,
            status,
            text,
            cache: '',
            id: sqlQueryId,
          })
          const others = OWNERS.filter((owner) => owner !== name)
          for (const other of others) expect(got.text).not.toContain(`of-${other}`)
        },
    )
    const lists = NAMES.map((name) => async () => {
      const path = '/druid/v2/datasources'
      expect(await get(url + path, CREDENTIALS[name])).toBe(await get(sandbox.url + path, CREDENTIALS[name]))
    })
    const seen: string[] = []
    const looks = ['metrics', 'ovate/status', 'ovate/flights', 'ovate/cache', 'ovate/brokers'].map(
      (path) => async () => {
        seen.push(await get(`${admin.url}/${path}`))
      },
    )
    const explained = async (): Promise<void> => {
      seen.push(await get(`${admin.url}/ovate/explain?sql=${encodeURIComponent(COUNTS)}`))
    }
    await underLoad(
      all,
      questions.flatMap((one, index) => (index % 20 === 0 ? [one, ...lists, ...looks, explained] : [one])),
    )
    // Answers were shared within each identity, or this would prove nothing.
    expect([...ways]).toEqual(expect.arrayContaining(['hit', 'fwd=miss', 'fwd=bypass', 'collapsed']))
    expect(sandbox.stats.data - before).toBeLessThan(asked / 2)
    for (const word of [...SECRETS, ...OWNERS.map((owner) => `of-${owner}`)])
      expect(seen.filter((text) => text.includes(word))).toEqual([])
  }, 60_000)

  test('an identity is all that came: one credential more is another one', async () => {
    const all = await started(ownRows(), {})
    const body = { query: COUNTS }
    await untilHit(all, CREDENTIALS.alice, body)
    const mixedUp = { ...CREDENTIALS.alice, ...CREDENTIALS.bob }
    for (const headers of [mixedUp, { authorization: valueOf('bob') }, { cookie: valueOf('alice') }, {}]) {
      const [got, direct] = [await ask(all.url, headers, body), await ask(all.sandbox.url, headers, body)]
      expect(got.cache).not.toContain('hit')
      expect([got.status, got.text]).toEqual([direct.status, direct.text])
    }
  })

  test('a right that was taken away ends within identity.recheck, whoever else may go on', async () => {
    const all = await started(ownRows(), {
      identity: { recheck: '20s', policy: '1h' },
      freshness: { cap: '1h', growth: 1 },
    })
    const { clock, sandbox, url } = all
    for (const name of OWNERS) await untilHit(all, CREDENTIALS[name], { query: COUNTS })
    const takenAtMs = clock.now()
    const alice = sandbox.behaviour.users?.[valueOf('alice')]
    if (alice !== undefined) alice.tables = []
    const given: number[] = []
    for (let second = 0; second <= 30; second += 1) {
      const answers = await Promise.all(
        RESULT_FORMATS.map((resultFormat) => ask(url, CREDENTIALS.alice, { query: COUNTS, resultFormat })),
      )
      given.push(...answers.filter(({ status }) => status === 200).map(() => clock.now() - takenAtMs))
      const others = answers.filter(({ status }) => status !== 200)
      expect(others.every(({ status, text }) => status === 403 && text === REFUSAL)).toBe(true)
      const own = await ask(url, CREDENTIALS.bob, { query: COUNTS })
      expect([own.status, own.cache]).toEqual([200, 'ovate; hit; detail="whole"'])
      await clock.advance(1_000)
    }
    // Some were given, so that the bound was there to be kept.
    expect(given.length).toBeGreaterThan(RESULT_FORMATS.length)
    expect(Math.max(...given)).toBeLessThanOrEqual(20_000)
    if (alice !== undefined) alice.tables = ['edits']
    const back = await ask(url, CREDENTIALS.alice, { query: COUNTS })
    expect([back.status, back.text.includes('of-alice')]).toEqual([200, true])
  })

  test('also when nobody asked for all that time', async () => {
    const all = await started(ownRows(), {
      identity: { recheck: '20s', policy: '1h' },
      freshness: { cap: '1h', growth: 1 },
    })
    await untilHit(all, CREDENTIALS.carol, { query: COUNTS })
    all.sandbox.behaviour.users = { ...ownRows(), [valueOf('carol')]: { tables: [] } }
    await all.clock.advance(20_001)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(all.url, CREDENTIALS.carol, { query: COUNTS })),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]))
  })

  test('a row policy that was tightened holds within identity.policy', async () => {
    const all = await started(ownRows(), {
      identity: { recheck: '5s', policy: '30s' },
      freshness: { cap: '1h', growth: 1 },
    })
    const { clock, sandbox, url } = all
    const body = { query: COUNTS, resultFormat: 'array' }
    const old = await untilHit(all, CREDENTIALS.alice, body)
    const tightenedAtMs = clock.now()
    const filter = "owner = 'of-alice' AND added < 3"
    sandbox.behaviour.users = {
      ...ownRows(),
      [valueOf('alice')]: { tables: ['edits'], rowFilter: { edits: filter } },
    }
    const fresh = await ask(sandbox.url, CREDENTIALS.alice, body)
    expect(fresh.text).not.toBe(old.text)
    const stale: number[] = []
    for (let second = 0; second <= 35; second += 1) {
      const answers = await Promise.all(Array.from({ length: 6 }, () => ask(url, CREDENTIALS.alice, body)))
      stale.push(...answers.filter(({ text }) => text === old.text).map(() => clock.now() - tightenedAtMs))
      expect(answers.every(({ text }) => text === old.text || text === fresh.text)).toBe(true)
      await clock.advance(1_000)
    }
    expect(stale.length).toBeGreaterThan(20)
    expect(Math.max(...stale)).toBeLessThanOrEqual(30_000)
  })

  describe('datasources that are declared shared', () => {
    const shared = { datasources: { edits: { shared: true, rowPolicies: 'none' } } }

    test('are computed once for all who may read them, and for nobody else, all asking at once', async () => {
      const all = await started(allRows(), { ...shared, identity: { recheck: '300ms' } })
      const { sandbox, url } = all
      const expected = (await cases(all)).filter(({ body }) => /^SELECT .*edits/.test(String(body['query'])))
      const refused = expected.filter(({ name }) => name === 'dave')
      // A column that isn't there is told to everybody: Druid looks at rights later.
      expect(new Set(refused.map(({ expected: { status } }) => status))).toEqual(new Set([403, 400]))
      sandbox.behaviour.delayMs = 4
      const before = sandbox.stats.data
      let asked = 0
      await underLoad(
        all,
        mixed(expected, 4).map(({ name, body, expected: { status, text } }) => async () => {
          const got = await ask(url, CREDENTIALS[name], body)
          if (status === 200) asked += 1
          expect({ name, body, status: got.status, text: got.text }).toEqual({ name, body, status, text })
          expect(name === 'dave' && got.text.includes('of-')).toBe(false)
        }),
      )
      const perIdentity = OWNERS.length * STATEMENTS.length
      expect(asked).toBeGreaterThan(10 * perIdentity)
      expect(sandbox.stats.data - before).toBeLessThan(asked)
      const entries = all.stack.cache.usage.entries
      expect(entries).toBeGreaterThan(0)
      expect(entries).toBeLessThanOrEqual(STATEMENTS.length)
    }, 60_000)

    test("end for one within identity.recheck, while another's go on", async () => {
      const all = await started(allRows(), {
        ...shared,
        identity: { recheck: '20s' },
        freshness: { cap: '1h', growth: 1 },
      })
      const { clock, sandbox, url } = all
      for (const name of OWNERS) await untilHit(all, CREDENTIALS[name], { query: COUNTS })
      const takenAtMs = clock.now()
      sandbox.behaviour.users = { ...allRows(), [valueOf('bob')]: { tables: [] } }
      const given: number[] = []
      for (let second = 0; second <= 25; second += 1) {
        const [bob, alice] = await Promise.all([
          ask(url, CREDENTIALS.bob, { query: COUNTS }),
          ask(url, CREDENTIALS.alice, { query: COUNTS }),
        ])
        if (bob.status === 200) given.push(clock.now() - takenAtMs)
        expect(bob.status === 200 || (bob.status === 403 && !bob.text.includes('of-'))).toBe(true)
        expect([alice.status, alice.cache]).toEqual([200, 'ovate; hit; detail="whole"'])
        await clock.advance(1_000)
      }
      expect(given.length).toBeGreaterThan(1)
      expect(Math.max(...given)).toBeLessThanOrEqual(20_000)
    })

    test('live for identity.policy where nobody says that there are no policies, whoever began', async () => {
      const users = (filter?: string): SandboxUsers => {
        const user = { tables: ['edits'], ...(filter !== undefined && { rowFilter: { edits: filter } }) }
        return { ...allRows(), '': user, [valueOf('alice')]: user }
      }
      const all = await started(users(), {
        datasources: { edits: { shared: true } },
        identity: { recheck: '5s', policy: '30s' },
        freshness: { cap: '1h', growth: 1 },
      })
      const old = await untilHit(all, {}, { query: COUNTS })
      expect((await ask(all.url, CREDENTIALS.alice, { query: COUNTS })).text).toBe(old.text)
      all.sandbox.behaviour.users = users('added < 3')
      await all.clock.advance(30_001)
      const fresh = await ask(all.sandbox.url, CREDENTIALS.alice, { query: COUNTS })
      expect(fresh.text).not.toBe(old.text)
      expect((await ask(all.url, CREDENTIALS.alice, { query: COUNTS })).text).toBe(fresh.text)
    })
  })
})

/** Asks until the answer is a hit that rests on a timeline, so that only what is tested can end it. */
async function untilHit({ url, stack, clock }: SandboxStack, headers: Headers, body: object): Promise<Got> {
  let got: Got | undefined
  await until(async () => {
    got = await ask(url, headers, { ...body })
    await stack.keeper.settled()
    await clock.advance(100)
    return got.cache.includes('hit')
  })
  if (got === undefined) throw new Error('nothing was asked')
  return got
}
