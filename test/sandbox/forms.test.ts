// Statements that the sandbox knows, and what it says to the rest.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../src/sandbox/store.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { askSql } from './ask.ts'
import { sandboxAvailable } from './available.ts'
import { statements } from './statements.ts'

let sandbox: Sandbox
const clock = new ManualClock()

describe.runIf(sandboxAvailable)('statements', () => {
  beforeAll(async () => {
    sandbox = await startSandbox({ clock, days: 20, rowsPerDay: 300 })
  })
  afterAll(async () => {
    await sandbox.close()
  })

  async function rows(sql: string, fields: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const { status, text } = await askSql(sandbox.url, sql, fields)
    expect({ status, text: status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
    return JSON.parse(text)
  }

  test.each(statements(Math.floor(clock.now() / DAY_MS) * DAY_MS))(
    'answers $name',
    async ({ sql, context = {}, parameters = [] }) => {
      expect(Array.isArray(await rows(sql, { context, parameters }))).toBe(true)
    },
  )

  describe('means what Druid means', () => {
    test.each<[string, string, unknown]>([
      ['integers are cut', 'SELECT 7/2, -7/2, 7/2.0', [[3, -3, 3.5]]],
      ['names are made up', 'SELECT 1, 2 AS two', [[1, 2]]],
      ['now is the clock', 'SELECT CURRENT_TIMESTAMP', [['2026-11-20T12:00:00.000Z']]],
      ['a double reaches infinity', 'SELECT 1.5 / 0, -1.5 / 0, 0.0 / 0', [['Infinity', '-Infinity', 'NaN']]],
      ['AND binds more than OR', 'SELECT TRUE OR FALSE AND FALSE', [[true]]],
      ['NOT binds more than AND', 'SELECT NOT FALSE AND FALSE', [[false]]],
      ['subtraction goes from the left', 'SELECT 10 - 4 - 3', [[3]]],
      ['quotes within texts', "SELECT 'it''s', U&'\\00e9'", [["it's", 'é']]],
      ['a comment is no statement', 'SELECT /* 2 */ 1 -- 3', [[1]]],
      ['an impossible condition', 'SELECT COUNT(*), SUM(added) FROM events WHERE 1 = 2', [[0, null]]],
      ['a union', 'SELECT 1 UNION ALL SELECT 2', [[1], [2]]],
    ])('%s', async (_, sql, expected) => {
      expect(await rows(sql)).toEqual(expected)
    })

    test('a sum beyond 64 bits wraps, and keeps its digits', async () => {
      const { text } = await askSql(sandbox.url, 'SELECT SUM(reqId) * 10, MAX(reqId) FROM events')
      const exact = 6000n * 9_007_199_254_740_992n + 20n * ((299n * 300n) / 2n)
      expect(text).toBe(`[[${BigInt.asIntN(64, exact * 10n)},9007199254741291]]\n`)
    })

    test('names that nobody gave', async () => {
      const got = await askSql(sandbox.url, 'SELECT 1, country FROM events LIMIT 0', { header: true })
      expect(got.text).toBe('[["EXPR$0","country"]]\n')
    })
  })

  const AT = (line: string, column: string, endColumn: string): object => ({
    line,
    column,
    endLine: line,
    endColumn,
  })

  describe('refuses as Druid does', () => {
    test.each<[string, string, object]>([
      ['an unknown table', 'SELECT 1 FROM nope', AT('1', '15', '18')],
      ['an unknown column', 'SELECT\n  nope FROM events', AT('2', '3', '6')],
      ['a semicolon', 'SELECT COUNT(*) FROM events;', AT('1', '28', '28')],
    ])('%s, with its place', async (_, sql, context) => {
      const { status, text } = await askSql(sandbox.url, sql)
      const error = JSON.parse(text) as { context: object }
      expect({ status, error }).toMatchObject({
        status: 400,
        error: { error: 'druidException', errorCode: 'invalidInput', category: 'INVALID_INPUT' },
      })
      expect(error.context).toEqual({ sourceType: 'sql', ...context })
    })

    test.each<[string, string, number, RegExp]>([
      ['an integer by zero', 'SELECT 1/0', 500, /"\/ by zero"/],
      ['MIN of texts', 'SELECT MIN(page) FROM events', 400, /could not be planned/],
      [
        'a scan in another order',
        'SELECT page FROM events ORDER BY page',
        400,
        /ordering a table by non-time column \[\[page\]\]/,
      ],
      ['what is not grouped', 'SELECT country, COUNT(*) FROM events', 400, /could not be planned/],
      [
        'nulls out of order',
        'SELECT country, COUNT(*) FROM events GROUP BY 1 ORDER BY 1 NULLS LAST',
        400,
        /NULLS LAST is not supported/,
      ],
      ['SET', "SET x = 'y'; SELECT 1", 400, /unexpected token/],
      ['nothing', '', 400, /unexpected token/],
      ['half a statement', 'SELECT COUNT(*) FROM events WHERE', 400, /unexpected token/],
    ])('%s', async (_, sql, status, text) => {
      const got = await askSql(sandbox.url, sql)
      expect(got.status).toBe(status)
      expect(got.text).toMatch(text)
    })

    test.each([
      'SELECT a.country FROM events a JOIN events b ON a.page = b.page',
      'SELECT (SELECT 1)',
      "SELECT LOOKUP(country, 'x') FROM events",
      'SELECT country FROM events WHERE page IN (SELECT page FROM events)',
      "SELECT TIME_FLOOR(__time, 'P1DT1H') FROM events",
      'SELECT DS_HLL(page) FROM events',
      "SELECT CAST('x' AS ARRAY)",
      'SELECT toString(1)',
    ])('says that it does not know: %s', async (sql) => {
      const got = await askSql(sandbox.url, sql)
      expect(got.status).toBe(400)
      expect(got.text).toContain("The sandbox doesn't know this form: ")
    })
  })

  test('broken statements are refused, whatever is missing', async () => {
    const all = statements(clock.now()).map(({ sql }) => sql)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...all), fc.nat(400), fc.nat(30), async (sql, from, count) => {
        const broken = sql.slice(0, from % sql.length) + sql.slice((from % sql.length) + count + 1)
        const got = await askSql(sandbox.url, broken, { parameters: [] })
        // A page would mean that something was not foreseen.
        expect([broken, got.status, got.headers['content-type']]).toEqual([
          broken,
          got.status,
          'application/json',
        ])
      }),
      { numRuns: 300 },
    )
  })

  describe('explains', () => {
    async function plan(
      sql: string,
      context = {},
    ): Promise<{ tables: unknown; intervals: unknown; resources: unknown }> {
      const [[text, resources] = []] = (await rows(`EXPLAIN PLAN FOR ${sql}`, { context })) as string[][]
      const queries = JSON.parse(text ?? '') as {
        query: { dataSource: { name: string }; intervals: { intervals: string[] } }
      }[]
      return {
        tables: queries.map(({ query }) => query.dataSource.name),
        intervals: queries[0]?.query.intervals.intervals,
        resources: JSON.parse(resources ?? ''),
      }
    }
    const ETERNITY = ['-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z']
    const EVENTS = [{ name: 'events', type: 'DATASOURCE' }]

    test.each<[string, string, object, unknown]>([
      ['all of time', 'SELECT COUNT(*) FROM events', {}, ETERNITY],
      [
        'a range of literals',
        "SELECT COUNT(*) FROM events WHERE __time >= TIMESTAMP '2026-11-01 00:00:00' AND __time < '2026-11-02'",
        {},
        ['2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z'],
      ],
      [
        'clocks of a zone',
        "SELECT COUNT(*) FROM events WHERE __time >= TIMESTAMP '2026-11-01 00:00:00'",
        { sqlTimeZone: 'Asia/Tokyo' },
        ['2026-10-31T15:00:00.000Z/146140482-04-24T15:36:27.903Z'],
      ],
      [
        'nothing narrower than the truth where its own query is not known',
        'SELECT country FROM events WHERE __time >= CURRENT_TIMESTAMP',
        {},
        ETERNITY,
      ],
    ])('%s', async (_, sql, context, intervals) => {
      expect(await plan(sql, context)).toEqual({ tables: ['events'], intervals, resources: EVENTS })
    })

    test('the columns that come out', async () => {
      const [[text = ''] = []] = (await rows(
        'EXPLAIN PLAN FOR SELECT country AS c, AVG(added) FROM events GROUP BY 1',
      )) as string[][]
      expect(JSON.parse(text)).toMatchObject([
        {
          signature: [
            { name: 'd0', type: 'STRING' },
            { name: 'a0', type: 'DOUBLE' },
          ],
          columnMappings: [
            { queryColumn: 'd0', outputColumn: 'c' },
            { queryColumn: 'a0', outputColumn: 'EXPR$1' },
          ],
        },
      ])
    })

    test('what it does not know, it does not explain', async () => {
      expect((await askSql(sandbox.url, 'EXPLAIN PLAN FOR SELECT COUNT(*) FROM nope')).status).toBe(400)
    })
  })
})
