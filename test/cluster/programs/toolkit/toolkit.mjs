// The QueryRunner of the Druid console, over Node's own fetch: formats, types, parameters, dates, cancels.
import { createHash, randomUUID } from 'node:crypto'
import toolkit from 'druid-query-toolkit'
import { masked, tell } from '../told.mjs'

const { QueryRunner, SqlQuery, Introspect } = toolkit
const [start, end] = process.argv.slice(2)
const WITHIN = `"__time" >= TIMESTAMP '${start}' AND "__time" < TIMESTAMP '${end}'`
const SERIES = `SELECT TIME_FLOOR("__time", 'P1D') AS "t", COUNT(*) AS "n" FROM "events" WHERE ${WITHIN} GROUP BY 1 ORDER BY 1`
const WIDE =
  'SELECT "__time", "city", "page", "reqId", "weight", "price", "tags", "referrer" FROM "events" ORDER BY "__time" LIMIT 60'
const NONE = `SELECT "country", COUNT(*) AS "n" FROM "events" WHERE "country" = 'nowhere' GROUP BY 1`
const LONG = `SELECT COUNT(*) AS n FROM events CROSS JOIN (VALUES ${Array.from({ length: 300 }, (_, at) => `(${at})`).join()}) AS b(v) WHERE added + v < -1`
const NATIVE = { dataSource: 'events', intervals: `${start}/${end}`, granularity: 'day' }
const SUMS = [{ type: 'count', name: 'n' }, { type: 'longSum', name: 'added', fieldName: 'added' }] // prettier-ignore

/** As the console's own: the error's text is Druid's, and an abort ends the query in Druid, too. */
function executorTo(url) {
  return async ({ payload, isSql, signal }) => {
    const response = await fetch(`${url}/druid/v2${isSql ? '/sql' : ''}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(payload),
      ...(signal !== undefined && { signal }),
    })
    const text = await response.text()
    const lines = payload.resultFormat === 'objectLines' || payload.resultFormat === 'arrayLines'
    const read = (part) => toolkit.QueryResult.jsonParse(part)
    if (response.status !== 200) {
      const { errorMessage, error } = read(text)
      throw new Error(`${response.status} ${error}: ${errorMessage}`)
    }
    const data = lines ? text.trim().split('\n').filter(Boolean).map(read) : read(text)
    return { data, headers: Object.fromEntries(response.headers) }
  }
}

function seen(result) {
  const { header, rows, sqlQueryId, queryId, resultContext } = result
  return {
    columns: header,
    rows,
    objects: createHash('sha256')
      .update(masked(text(result.toObjectArray())))
      .digest('hex'),
    ids: [queryId, sqlQueryId],
    resultContext,
    limit: result.getSqlOuterLimit(),
  }
}

const text = (value) => JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `${one}n` : one))

/**
 * Cancelled until it ends, as Druid may lose a cancel of what it has hardly begun. The words behind the error's name are
 * left out: they tell how far it came.
 */
async function cancelled(url, run) {
  const sqlQueryId = `ovate-${randomUUID()}`
  const running = run({ query: LONG, extraQueryContext: { sqlQueryId, useCache: false } }).then(seen, String)
  const soon = () => new Promise((resolve) => setTimeout(resolve, 20))
  const answers = new Set()
  while ((await Promise.race([running, soon()])) === undefined) {
    const { status } = await fetch(`${url}/druid/v2/sql/${sqlQueryId}`, { method: 'DELETE' })
    answers.add(status)
  }
  return { cancelled: answers.has(202), told: text(await running).split(': ', 2) }
}

async function aborted(url, run) {
  const controller = new AbortController()
  const queryId = `ovate-${randomUUID()}`
  const query = { ...NATIVE, queryType: 'timeseries', aggregations: SUMS, context: { queryId } }
  controller.abort()
  const told = await run({ query, signal: controller.signal }).then(seen, (error) => error.name)
  const answer = await fetch(`${url}/druid/v2/${queryId}`, { method: 'DELETE' })
  return { told, status: answer.status }
}

function cases(url) {
  const executor = executorTo(url)
  const runner = new QueryRunner({ executor })
  const run = (options) => runner.runQuery(options)
  const asked =
    (query, options = {}) =>
    () =>
      run({ query, ...options }).then(seen)
  const native = (query) => asked({ ...NATIVE, ...query })
  const inflate = (inflateDateStrategy, query) => async () =>
    seen(await new QueryRunner({ executor, inflateDateStrategy }).runQuery({ query }))
  const formats = ['object', 'array', 'objectLines', 'arrayLines'].flatMap((resultFormat) => [
    [resultFormat, asked(SERIES, { resultFormat })],
    [`${resultFormat}, every type`, asked(WIDE, { resultFormat })],
    [`${resultFormat}, empty`, asked(NONE, { resultFormat })],
    [
      `${resultFormat}, no header`,
      asked(SERIES, { resultFormat, header: false, typesHeader: false, sqlTypesHeader: false }),
    ],
    [
      `${resultFormat}, one row of types`,
      asked(SERIES, { resultFormat, header: true, typesHeader: true, sqlTypesHeader: false }),
    ],
  ])
  return [
    ...formats,
    ['dates as they come', inflate('none', SERIES)],
    ['dates guessed', inflate('guess', SERIES)],
    ['dates of a native query', inflate('guess', { ...NATIVE, queryType: 'timeseries', aggregations: SUMS })],
    ['the console’s limit', asked(WIDE, { extraQueryContext: { sqlOuterLimit: 11, sqlStringifyArrays: false } })],
    ['a parsed statement', asked(SqlQuery.parse(SERIES).changeLimitValue(3))],
    ['parameters', asked(`SELECT COUNT(*) AS n FROM events WHERE __time >= ? AND city = ? AND added > ? AND price < ? AND isRobot = ?`, {
      queryParameters: [
        { type: 'TIMESTAMP', value: `${start} 00:00:00` },
        { type: 'VARCHAR', value: '東京' },
        { type: 'BIGINT', value: 3 },
        { type: 'DOUBLE', value: 90.5 },
        { type: 'INTEGER', value: 0 },
      ],
    })],
    ['an interval', asked(`SELECT country, SUM(added) AS s FROM events WHERE TIME_IN_INTERVAL(__time, '${start}/${end}') GROUP BY 1 ORDER BY 1`)],
    ['tables', async () => Introspect.decodeTableIntrospectionResult(await run({ query: Introspect.getTableIntrospectionQuery() })).filter(({ name }) => name === 'events' || name === 'dst')],
    ['columns of a statement', async () => {
      const query = SqlQuery.parse(`SELECT country, MAX(price) AS m FROM events GROUP BY 1`)
      return Introspect.decodeQueryColumnIntrospectionResult(await run({ query: Introspect.getQueryColumnIntrospectionPayload(query) }))
    }],
    ['EXPLAIN', asked(`EXPLAIN PLAN FOR ${SERIES}`)],
    ['an id', asked(SERIES, { extraQueryContext: { sqlQueryId: 'mine' } })],
    ['timeseries', native({ queryType: 'timeseries', aggregations: SUMS })],
    ['topN', native({ queryType: 'topN', granularity: 'all', dimension: 'city', metric: 'added', threshold: 5, aggregations: SUMS })],
    ['groupBy', native({ queryType: 'groupBy', dimensions: ['country', 'device'], aggregations: SUMS })],
    ['scan', native({ queryType: 'scan', limit: 20, order: 'ascending', columns: ['__time', 'page', 'reqId', 'tags'] })],
    ['scan, compacted', native({ queryType: 'scan', limit: 20, resultFormat: 'compactedList', order: 'ascending', columns: ['__time', 'page', 'reqId'] })],
    ['search', native({ queryType: 'search', granularity: 'all', searchDimensions: ['city'], query: { type: 'insensitive_contains', value: 'n' } })],
    ['segmentMetadata', native({ queryType: 'segmentMetadata', merge: true, analysisTypes: ['cardinality'] })],
    ['no table', asked('SELECT 1 FROM nothing')],
    ['no SQL', asked('SELEC')],
    ['divided by zero', asked('SELECT COUNT(*) / 0 FROM events')],
    ['no such native query', native({ queryType: 'nothing' })],
    ['cancelled', () => cancelled(url, run)],
    ['aborted', () => aborted(url, run)],
  ] // prettier-ignore
}

await tell(cases, (value) => masked(text(value)))
