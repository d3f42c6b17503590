// Parts that identities share, while one of them comes under a row policy: nobody's answer holds what it hid, or lacks it.
import { afterEach, describe, expect, test } from 'vitest'
import { type SandboxUsers } from '../../../src/sandbox/users.ts'
import { randomOf } from '../../cluster/random.ts'
import { sandboxAvailable } from '../../sandbox/available.ts'
import { askSql, type Got } from '../../support/http-client.ts'
import { OWN_AUTHORIZATION, type SandboxStack, startSandboxStack } from '../../support/sandbox-stack.ts'
import { SEED } from '../../support/seed.ts'
import { cacheStatus, seen } from '../../support/side-by-side.ts'

const HOUR_MS = 3_600_000
const POLICY_MS = 30_000
const NAMES = ['alice', 'bob', 'carol'] as const
type Name = (typeof NAMES)[number]
const HOURS = 60
/** Between the three rows of an hour: windows of half hours have some of them. */
const ROW_STEP_MS = 1_500_000
const ROUNDS = 6

type Form = (window: string) => string
const FORMS: readonly [Form, ...Form[]] = [
  (window) =>
    `SELECT TIME_FLOOR(__time, 'PT1H') AS t, owner, COUNT(*) AS n FROM edits WHERE ${window} GROUP BY 1, 2`,
  (window) =>
    `SELECT owner, COUNT(*) AS n, SUM(added) AS s FROM edits WHERE ${window} GROUP BY 1 ORDER BY 2 DESC, 1`,
  (window) => `SELECT TIME_FLOOR(__time, 'P1D') AS t, COUNT(*) AS n FROM edits WHERE ${window} GROUP BY 1`,
]

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** Everybody reads all rows but those who are under a policy: they have every third. */
function users(under: ReadonlySet<Name>): SandboxUsers {
  const policy = { rowFilter: { edits: "owner = 'of-bob'" }, showsPolicies: true }
  const all = NAMES.map((name) => [name, { tables: ['edits'], ...(under.has(name) && policy) }] as const)
  return { [OWN_AUTHORIZATION]: { tables: ['edits'] }, ...Object.fromEntries(all) }
}

async function started(): Promise<SandboxStack> {
  const it = await startSandboxStack({
    identity: { policy: `${POLICY_MS}ms`, recheck: '1h' },
    freshness: { head: '1m', cap: '1h', growth: 1, schemaRefresh: '1s' },
    datasources: { edits: { shared: true, rowPolicies: 'none' } },
  })
  stops.push(() => it.stop())
  const columns = new Map([
    ['__time', 'TIMESTAMP'],
    ['owner', 'VARCHAR'],
    ['added', 'BIGINT'],
  ] as const)
  const table = await it.sandbox.engine.createTable('edits', columns)
  await table.append(
    Array.from({ length: HOURS * 3 }, (_, at) => ({
      __time: startOf(it) + Math.floor(at / 3) * HOUR_MS + (at % 3) * ROW_STEP_MS,
      owner: `of-${NAMES[at % 3]}`,
      added: at,
    })),
  )
  it.sandbox.behaviour.users = users(new Set())
  await it.clock.advance(60_000)
  return it
}

function startOf({ clock }: SandboxStack): number {
  return Math.floor(clock.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 10 * 24 * HOUR_MS
}

describe.runIf(sandboxAvailable)('what is put together from shared parts', () => {
  test('is what Druid says to each, though one of them came under a policy just now, and asks first', async () => {
    const it = await started()
    const random = randomOf(SEED)
    const startMs = startOf(it)
    const ways = new Map<string, number>()
    const wrong: unknown[] = []
    let edgeMs = 0
    const windowed = (form: Form, hour: number, most: number): string => {
      const from = startMs + hour * HOUR_MS + edgeMs
      const time = `__time >= MILLIS_TO_TIMESTAMP(${from}) AND __time < MILLIS_TO_TIMESTAMP(${from + 24 * HOUR_MS})`
      return form(`${time} AND added < ${most}`)
    }
    const asked = (url: string, name: Name, query: string): Promise<Got> =>
      askSql(`${url}/druid/v2/sql`, query, { 'x-forwarded-user': name })
    const compared = async (name: Name, query: string, ours: Got): Promise<void> => {
      const theirs = await asked(it.sandbox.url, name, query)
      const [way = ''] = /(?:whole|series|merge|derive|pass)/.exec(cacheStatus(ours)) ?? []
      ways.set(way, (ways.get(way) ?? 0) + 1)
      const isSame = JSON.stringify(seen(ours)) === JSON.stringify(seen(theirs))
      if (!isSame || ours.status !== 200)
        wrong.push({ name, query, ours: String(ours.body), theirs: String(theirs.body), way })
    }
    const all = async (query: string, names: readonly Name[] = NAMES): Promise<void> => {
      for (const name of names) await compared(name, query, await asked(it.url, name, query))
    }
    const settled = async (ms: number): Promise<void> => {
      await it.clock.advance(ms)
      await it.stack.keeper.settled()
    }
    for (const [at, form] of [...FORMS, ...FORMS].entries()) {
      edgeMs = at < FORMS.length ? 0 : HOUR_MS / 2
      // Druid's plan of the form is known of each of them.
      for (const name of NAMES) await all(windowed(form, 0, random.below(1_000)), [name])
      for (let round = 0; round < ROUNDS; round += 1) {
        const most = 1_000 + round
        // He fetches parts of it already, or asks for it whole.
        for (const hour of round < 2 ? [] : [0, 1, 2])
          await all(windowed(form, hour, most), ['bob']).then(() => settled(10))
        it.sandbox.behaviour.users = users(new Set(['bob']))
        // A shape that nobody has asked for: what the first is answered may be taken apart for those who come next.
        const first = asked(it.url, 'bob', windowed(form, 4, most))
        if (round % 2 === 0) {
          await first
          await settled(10)
        }
        // The same window, or one that overlaps his while it is on its way.
        await all(windowed(form, round > 3 ? 5 : 4, most), ['alice', 'carol'])
        await first
        await settled(10)
        for (const hour of [5, 6, 5]) {
          await asked(it.url, 'bob', windowed(form, hour, most))
          await all(windowed(form, hour, most), ['alice', 'carol'])
          await settled(10)
        }
        await settled(POLICY_MS + 1)
        await all(windowed(form, 5, most))
        it.sandbox.behaviour.users = users(new Set())
        await settled(POLICY_MS + 1)
        await all(windowed(form, 5, most))
      }
    }
    expect({ seed: SEED, wrong: wrong.slice(0, 2) }).toEqual({ seed: SEED, wrong: [] })
    expect([...ways.keys()]).toEqual(expect.arrayContaining(['series', 'merge', 'whole']))
  })
})
