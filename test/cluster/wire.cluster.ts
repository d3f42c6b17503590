// Unusual requests, byte by byte: what a Broker makes of them, Ovate in front of it makes as well.
import { createHash, randomUUID } from 'node:crypto'
import { request as nodeRequest } from 'node:http'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { RESULT_FORMATS } from '../../src/result/format.ts'
import { rawConnection, rawPost, unchunked, UUID } from '../support/raw.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { request, sql } from './http.ts'
import { cacheStatus, startOvate } from './ovate.ts'

const SQL = '/druid/v2/sql'
const COUNT = 'SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3'
const ONE = JSON.stringify({ query: 'SELECT 1 AS x' })
const BODY = JSON.stringify({ query: COUNT })
const CLOSE = ['Connection: close']

function plain(method: string, path: string, ...headers: string[]): string {
  return `${method} ${path} HTTP/1.1\r\n${['Host: druid', ...CLOSE, ...headers].join('\r\n')}\r\n\r\n`
}

function posted(body: string | Buffer, ...headers: string[]): string {
  return rawPost(SQL, body, [...CLOSE, ...headers])
}

function typed(type: string, body: string | Buffer = BODY): string {
  return posted(body).replace('application/json', type)
}

const field = (more: string): string => posted(`{"query":"${COUNT}",${more}}`)
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

const REQUESTS: readonly (readonly [string, string])[] = [
  ['a query string', rawPost(`${SQL}?x=1`, BODY, CLOSE)],
  ['a slash at the end', rawPost(`${SQL}/`, BODY, CLOSE)],
  ['parameters of the path', rawPost(`${SQL};a=b`, BODY, CLOSE)],
  ['an absolute URL', rawPost(`http://elsewhere${SQL}`, BODY, CLOSE)],
  ['two slashes', rawPost('/druid//v2/sql', BODY, CLOSE)],
  ['an escaped letter', rawPost('/druid/v2/%73ql', BODY, CLOSE)],
  ['capitals', rawPost('/DRUID/v2/sql', BODY, CLOSE)],
  ['GET', plain('GET', SQL)],
  ['PUT', posted(BODY).replace('POST', 'PUT')],
  ['OPTIONS', plain('OPTIONS', SQL)],
  ['PROPFIND', plain('PROPFIND', '/status')],
  ['DELETE of the endpoint', plain('DELETE', SQL)],
  ['DELETE of no id', plain('DELETE', `${SQL}/`)],
  ['DELETE of an unknown id', plain('DELETE', `${SQL}/nobody`)],
  ['DELETE of a long id', plain('DELETE', `${SQL}/${'i'.repeat(300)}`)],
  ['DELETE of no native id', plain('DELETE', '/druid/v2/')],
  ['DELETE of a native id', plain('DELETE', '/druid/v2/nobody')],
  ['DELETE of datasources', plain('DELETE', '/druid/v2/datasources')],
  ['health', plain('GET', '/status/health')],
  ['HTTP/1.0', posted(BODY).replace('HTTP/1.1', 'HTTP/1.0')],
  [
    'an upgrade to HTTP/2, as Java asks',
    posted(BODY, 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__').replace(
      'Connection: close',
      'Connection: close, Upgrade, HTTP2-Settings',
    ),
  ],
  ['no content type', posted(BODY).replace('Content-Type: application/json\r\n', '')],
  ['plain SQL', typed('text/plain', 'SELECT 1')],
  ['SQL as a form', typed('application/x-www-form-urlencoded', 'SELECT+1')],
  ['any type', typed('*/*')],
  ['a charset that is not so', typed('application/json; charset=utf-16')],
  ['two types', typed('application/json\r\nContent-Type: text/plain')],
  ...accepting('text/csv'),
  ...accepting('*/*;q=0'),
  ...accepting('application/json;q=0, text/html'),
  ...accepting('application/json;q=2'),
  ...accepting('text/html, image/gif, *; q=.2'),
  ...accepting('garbage, application/json'),
  ...accepting(','),
  ...accepting(''),
  ...accepting('text/plain\r\nAccept: application/json'),
  ['health in HTML', plain('GET', '/status/health', 'Accept: text/html')],
  ['DELETE of an id in HTML', plain('DELETE', `${SQL}/nobody`, 'Accept: text/html')],
  ['gzip', posted(gzipSync(BODY), 'Content-Encoding: gzip')],
  ['gzip in capitals', posted(gzipSync(BODY), 'Content-Encoding: GZIP')],
  ['gzip behind what is not known', posted(gzipSync(BODY), 'Content-Encoding: br, gzip')],
  ['an encoding that is not so', posted(BODY, 'Content-Encoding: br')],
  ['UTF-8 with a mark', posted(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(BODY)]))],
  ['UTF-16', posted(Buffer.from(BODY, 'utf16le'))],
  ['something behind the JSON', posted(`${BODY} behind`)],
  ['a name twice', posted(`{"query":"SELECT 2 AS x","query":"${COUNT}"}`)],
  ['a lone surrogate', posted('{"query":"SELECT \'\\ud800\' AS x"}')],
  ['NUL in a text', posted('{"query":"SELECT \'a\\u0000b\' AS x"}')],
  ['a statement in chunks', inChunks(SQL, BODY)],
  ['an unknown field, deep', field(`"x":${deep(5_000)}`)],
  ['an unknown number, long', field(`"x":${'9'.repeat(2_000)}`)],
  ['the context, deep', field(`"context":{"x":${deep(200)}}`)],
  ['header as a number', field('"header":1')],
  ['header in capitals', field('"header":"TRUE"')],
  ['header empty', field('"header":""')],
  ['header that is none', field('"header":"yes"')],
  ['types without header', field('"typesHeader":true')],
  ['a format in capitals', field('"resultFormat":"OBJECTLINES"')],
  ['a format with a letter that is none', field('"resultFormat":"arrayl\\u0131nes"')],
  ['a format that is none', field('"resultFormat":"xml"')],
  ['header as a text, as ibis sends it', field('"header":"true","context":{}')],
  ['header as a text that says no', field('"header":"false"')],
  ['types as texts', field('"header":"true","typesHeader":"true","sqlTypesHeader":"true"')],
  ['header null', field('"header":null,"typesHeader":null,"resultFormat":null')],
  [
    'the fields of Grafana',
    field('"queryType":"sql","resultFormat":"array","header":true,"context":{"":""}'),
  ],
  ['a key of nobody in the context', field('"context":{"my key":[1,null,{"a":"b"}],"":""}')],
  ['a context that is null', field('"context":null')],
  ['a context without keys', field('"context":{}')],
  ['values of the context that are null', field('"context":{"sqlTimeZone":null,"timeout":null}')],
  ['numbers and booleans of the context as texts', field('"context":{"timeout":"30000","useCache":"true"}')],
  ['no parameters', field('"parameters":[]')],
  ['parameters that are null', field('"parameters":null')],
  ['a parameter too many', field('"parameters":[{"type":"VARCHAR","value":"US"}]')],
  [
    'a native query for the statements’ endpoint',
    posted('{"queryType":"timeBoundary","dataSource":"events"}'),
  ],
  ['a context that is a text', field('"context":""')],
  ['parameters that are an object', field('"parameters":{}')],
  ['a statement that is a number', posted('{"query":5}')],
  ['an id that is a number', field('"context":{"sqlQueryId":5}')],
  ['an id with a line break', field('"context":{"sqlQueryId":"a\\r\\nX-Evil: 1"}')],
  ['an empty id', field('"context":{"sqlQueryId":""}')],
  ['an id of 300 letters', field(`"context":{"sqlQueryId":"${'i'.repeat(300)}"}`)],
  ['a query id that is a number', field('"context":{"queryId":5}')],
  ['a service that there is not', field('"context":{"brokerService":"nobody"}')],
  ['a timeout that is none', field('"context":{"timeout":"abc"}')],
  ['a priority that is none', field('"context":{"priority":"high"}')],
  ['a lane that is none', field('"context":{"lane":5}')],
  ['a switch of caches that is none', field('"context":{"useResultLevelCache":5}')],
  ['a statement with a semicolon', posted(`{"query":"${COUNT};"}`)],
  ['a statement with a comment at its star', posted(`{"query":"${COUNT.replace('*', '*/* all */')}"}`)],
]

const NATIVE = '/druid/v2'
const BOUNDS = '{"queryType":"timeBoundary","dataSource":"events"}'
const native = (body: string | Buffer, ...headers: string[]): string =>
  rawPost(NATIVE, body, [...CLOSE, ...headers])
const days = (more: string): string =>
  native(
    `{"queryType":"timeseries","dataSource":"events","intervals":"2000/3000","aggregations":[{"type":"count","name":"n"}],${more}}`,
  )

/** What clients of native queries send, and what a Broker makes of it in its own way. */
const NATIVE_REQUESTS: readonly (readonly [string, string])[] = [
  ['a native query', native(BOUNDS)],
  ['one with a slash at the end', rawPost(`${NATIVE}/`, BOUNDS, CLOSE)],
  ['one to be read by people', rawPost(`${NATIVE}/?pretty`, BOUNDS, CLOSE)],
  ['one with a statement beside it', native(`{"query":"SELECT 1",${BOUNDS.slice(1)}`)],
  ['one in gzip', native(gzipSync(BOUNDS), 'Content-Encoding: gzip')],
  ['one in chunks', inChunks(NATIVE, BOUNDS)],
  ['days of a zone', days('"granularity":{"type":"period","period":"P1M","timeZone":"America/New_York"}')],
  [
    'spans from an origin',
    days('"granularity":{"type":"duration","duration":604800000,"origin":"2026-01-01T23:30:00Z"}'),
  ],
  ['all of it', days('"granularity":"all"')],
  ['a context that is null, natively', days('"granularity":"all","context":null')],
  ['a datasource that there is not', native(BOUNDS.replace('"events"', '"nothing"'))],
  ['a kind of query that is no more', native(BOUNDS.replace('timeBoundary', 'select'))],
  ['a query without a kind', native('{"dataSource":"events"}')],
  ['an interval that is none', days('"granularity":"none","intervals":"soon"')],
  ['JSON cut short', native(BOUNDS.slice(0, -5))],
  ['a native query of no type', native(BOUNDS).replace('application/json', 'text/plain')],
]

function accepting(value: string): readonly (readonly [string, string])[] {
  const header = `Accept: ${value}`
  return [
    [header, posted(BODY, header)],
    [`${header}, of csv`, posted(`{"query":"${COUNT}","resultFormat":"csv"}`, header)],
  ]
}

function inChunks(path: string, body: string): string {
  const size = Buffer.byteLength(body).toString(16)
  const head = plain('POST', path, 'Content-Type: application/json', 'Transfer-Encoding: chunked')
  return `${head}${size}\r\n${body}\r\n0\r\n\r\n`
}

/** What a client may go by: status, body without its framing, and the headers that say what it is. */
async function ask(url: string, text: string): Promise<unknown> {
  const connection = await rawConnection(url)
  connection.send(text)
  const got = (await connection.end()).text
  const at = got.indexOf('\r\n\r\n')
  const head = got.slice(0, at).split('\r\n')
  const told = ['content-type', 'allow', 'x-druid-sql-header-included', 'x-evil']
  const chunked = head.some((line) => /^transfer-encoding: chunked/i.test(line))
  return {
    status: head[0]?.split(' ')[1],
    reason: head[0]?.split(' ').slice(2).join(' '),
    headers: head.filter((line) => told.includes(line.split(':')[0]?.toLowerCase() ?? '')),
    body: (chunked ? unchunked(got.slice(at + 4)) : got.slice(at + 4)).replaceAll(UUID, 'ID'),
  }
}

describe.runIf(clusterAvailable)('a Broker and Ovate before it', () => {
  let broker: string
  let app: App

  beforeAll(async () => {
    broker = theCluster().services.broker1
    app = await startOvate(theCluster(), { druid: { brokers: [broker] }, freshness: { head: '60s' } })
  })

  afterAll(async () => {
    await app.close()
  })

  // Twice: what was kept for one request must not answer another that Druid refuses.
  test.each([...REQUESTS, ...NATIVE_REQUESTS])('answer %s alike', async (_, text) => {
    const wanted = await ask(broker, text)
    expect(await ask(app.url, text)).toEqual(wanted)
    expect(await ask(app.url, text)).toEqual(wanted)
  })

  test.each<[string, string]>([
    ['nothing', posted('')],
    ['JSON that is cut', posted('{"query":')],
    ['NaN', posted('{"query":"SELECT 1","x":NaN}')],
    [
      'Latin-1',
      rawPost(SQL, '', CLOSE).replace('Content-Length: 0', 'Content-Length: 22') +
        '{"query":"SELECT \'\xe9\'"}'.slice(0, 22),
    ],
    ['deflate', posted(deflateSync(ONE), 'Content-Encoding: deflate')],
    ['gzip that is none', posted(ONE, 'Content-Encoding: gzip')],
  ])('%s is refused with a clear 400, whatever a Broker makes of it', async (_, text) => {
    const { status, body } = (await ask(app.url, text)) as { status: string; body: string }
    expect(status).toBe('400')
    expect(JSON.parse(body)).toMatchObject({ error: 'druidException', category: 'INVALID_INPUT' })
  })

  describe('give large answers byte for byte', () => {
    const part =
      'SELECT __time, country, city, page, device, added, price, latency, reqId, tags, referrer FROM events'
    const query = Array(2).fill(part).join(' UNION ALL ')
    test.each(RESULT_FORMATS)('as %s, passed and computed', async (resultFormat) => {
      const body = { query, resultFormat, header: true, typesHeader: true, sqlTypesHeader: true }
      const expected = await digestOf(broker, body)
      expect(expected.bytes).toBeGreaterThan(10_000_000)
      expect(await digestOf(app.url, body, { 'cache-control': 'no-store' })).toEqual({
        ...expected,
        way: 'fwd=bypass',
      })
      // Once past the limit it is known to be too large, and passes: other names are another statement.
      const renamed = { ...body, query: query.replaceAll(' added,', ` added AS "${resultFormat}",`) }
      const direct = await digestOf(broker, renamed)
      expect(await digestOf(app.url, renamed)).toEqual({ ...direct, way: 'fwd=miss' })
    })
  })

  test('JDBC finds its connections and statements again, whichever Broker has them', async () => {
    const two = await startOvate(theCluster())
    const call = async (body: Record<string, unknown>): Promise<Record<string, unknown>> => {
      const got = await request(`${two.url}${SQL}/avatica/`, { body })
      return JSON.parse(got.body.toString()) as Record<string, unknown>
    }
    try {
      for (let at = 0; at < 12; at += 1) {
        const connectionId = randomUUID()
        await call({ request: 'openConnection', connectionId, info: {} })
        const { statementId } = await call({ request: 'createStatement', connectionId })
        const executed = await call({
          request: 'prepareAndExecute',
          connectionId,
          statementId,
          sql: 'SELECT COUNT(*) FROM events',
          maxRowCount: -1,
        })
        expect(executed).toMatchObject({ response: 'executeResults', missingStatement: false })
        await call({ request: 'closeConnection', connectionId })
      }
    } finally {
      await two.close()
    }
  })

  test('If-None-Match in a context turns rows into nothing at a Broker, and never at Ovate', async () => {
    const { headers, body } = await sql(theCluster().services.broker2, { query: COUNT })
    const etag = String(headers['etag'])
    const asked = { query: COUNT, context: { 'If-None-Match': etag } }
    expect((await sql(broker, asked)).body.toString()).toBe('[]\n')
    for (const path of [SQL, `${SQL}?x=1`, `${SQL};a=b`]) {
      for (const noStore of [{}, { 'cache-control': 'no-store' }]) {
        const got = await request(`${app.url}${path}`, { body: asked, headers: noStore })
        expect(got.body.toString()).toBe(body.toString())
      }
    }
    const twice = `{"query":"${COUNT}","context":{},"context":{"If-None-Match":"${etag}"}}`
    const got = await request(`${app.url}${SQL}`, {
      body: Buffer.from(twice),
      headers: { 'content-type': 'application/json' },
    })
    expect(got.body.toString()).toBe(body.toString())
  })
})

interface Digest {
  readonly bytes: number
  readonly hash: string
  readonly way?: string
}

/** What an answer comes to, without holding it. */
function digestOf(url: string, body: object, headers: Record<string, string> = {}): Promise<Digest> {
  return new Promise((resolve, reject) => {
    const sent = nodeRequest(
      `${url}${SQL}`,
      { method: 'POST', agent: false, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        const hash = createHash('sha256')
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          hash.update(chunk)
          bytes += chunk.length
        })
        response.on('error', reject)
        response.on('end', () => {
          const way = cacheStatus({ headers: response.headers } as Parameters<typeof cacheStatus>[0])
          resolve({ bytes, hash: hash.digest('hex'), ...(way !== '' && { way }) })
        })
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}
