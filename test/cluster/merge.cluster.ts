// Merging against real Druid: parts are fetched by the texts that Ovate makes, merged, and compared cell by cell with
// Druid's own answer to the client's statement.
import { beforeAll, describe, expect, test } from 'vitest'
import { clusterAvailable, theCluster } from './available.ts'
import { MergeCheck, SAME, type Found } from './merge-check.ts'
import { randomStatement } from './merge-random.ts'
import { COMPUTED, NOT_COMPUTABLE, UNSURE, type Where } from './merge-statements.ts'
import { randomOf } from './random.ts'

const DAY_MS = 86_400_000
const PERIODS = ['PT15M', 'PT1H', 'PT6H', 'P1D']
const RANDOM_STATEMENTS = 150

describe.runIf(clusterAvailable)('merging parts of aggregates', () => {
  let check: MergeCheck
  let where: Where

  beforeAll(() => {
    check = new MergeCheck(theCluster().brokers[0] ?? '')
    const end = Math.floor(Date.now() / DAY_MS) * DAY_MS - 5 * DAY_MS
    const literal = (ms: number): string =>
      `TIMESTAMP '${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}'`
    const between = (from: number, to: number): string =>
      `__time >= ${literal(from)} AND __time < ${literal(to)}`
    where = {
      // Ends lie inside of buckets of any period.
      days: between(end - 3 * DAY_MS + 8_400_000, end - 1_234_000),
      hours: between(end - 7 * 3_600_000, end),
      nothing: between(Date.UTC(2001, 0, 1), Date.UTC(2001, 0, 3)),
    }
  })

  test('gives what Druid gives', async () => {
    const statements = COMPUTED(where)
    expect(statements.length).toBeGreaterThanOrEqual(60)
    const found: Found[] = []
    for (const [at, query] of statements.entries()) {
      // Two periods for each, so that all are met in turn.
      for (const period of [PERIODS[at % 4]!, PERIODS[(at + 2) % 4]!])
        found.push(await check.of(query, { period, over: query }))
    }
    say(`${statements.length} statements, ${check.counts()}`)
    expect(found.filter(({ kind }) => kind !== SAME)).toEqual([])
  }, 300_000)

  test('gives what Druid gives to random statements, or leaves them to it', async () => {
    const seed = Number(process.env['OVATE_SEED'] ?? Date.now() % 1_000_000)
    const random = randomOf(seed)
    const found: Found[] = []
    for (let at = 0; at < RANDOM_STATEMENTS; at += 1) {
      const query = randomStatement(random, where.hours)
      found.push(
        await check.of(query, { period: PERIODS[at % 4]!, over: query.replace(where.hours, where.nothing) }),
      )
    }
    const count = (of: Found['kind']): number => found.filter(({ kind }) => kind === of).length
    const same = count(SAME)
    say(
      `OVATE_SEED=${seed}: of ${found.length} random statements ${same} are merged, ${count('not-computable')} not computable, ` +
        `${count('unsure')} unsure, ${count('refused')} errors of Druid's; ${check.counts()}`,
    )
    expect(found.filter(({ kind }) => kind === 'different')).toEqual([])
    expect(same).toBeGreaterThan(RANDOM_STATEMENTS / 4)
  }, 300_000)

  test('leaves to Druid what it is not sure of', async () => {
    const found: Found[] = []
    for (const query of NOT_COMPUTABLE(where))
      found.push(await check.of(query, { period: 'PT6H', over: query }))
    expect(found.filter(({ kind }) => kind !== 'not-computable')).toEqual([])
  }, 120_000)

  test.each(UNSURE)('leaves to Druid what its values make unsure: %s', async (_, query) => {
    const text = query(where)
    // Druid's own answer may be an error: its types are those of the statement over nothing at all.
    const over = text.replace(where.days, where.nothing)
    expect((await check.of(text, { period: 'PT6H', over })).kind).toBe('unsure')
  })
})

function say(line: string): void {
  process.stdout.write(`\n*** merge: ${line}\n`)
}
