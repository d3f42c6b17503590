// All paths beside statements, one after the other: what a Broker says of them, and a Router of those that a Broker has not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { type RawConnection, rawConnection, unchunked, UUID } from '../support/raw.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { type Cluster } from './cluster.ts'
import { request, sql } from './http.ts'
import { startOvate } from './ovate.ts'
import { smile } from './smile.ts'
import { longSql } from './traffic.ts'
import { waitUntil, within } from './wait.ts'

const NATIVE = {
  queryType: 'groupBy',
  dataSource: 'events',
  intervals: ['2020-01-01/2100-01-01'],
  granularity: 'all',
  dimensions: ['country'],
  aggregations: [{ type: 'count', name: 'n' }],
}
const ALL_TIME = '2020-01-01T00:00:00.000Z/2100-01-01T00:00:00.000Z'
const BODY = JSON.stringify(NATIVE)
const JSON_TYPE = 'Content-Type: application/json'
const SMILE_TYPE = 'Content-Type: application/x-jackson-smile'
const FAR_MS = 30_000

type Asked = readonly [name: string, method: string, path: string, headers?: string[], body?: string | Buffer]

const V2 = '/druid/v2'
const STATEMENTS = `${V2}/sql/statements`

/** What a Broker knows, and what it doesn't. */
const AT_A_BROKER: readonly Asked[] = [
  ['a native query', 'POST', V2, [JSON_TYPE], BODY],
  ['a native query with a slash', 'POST', `${V2}/`, [JSON_TYPE], BODY],
  ['a native query, pretty', 'POST', `${V2}/?pretty`, [JSON_TYPE], BODY],
  ['a native query with two slashes', 'POST', '/druid//v2', [JSON_TYPE], BODY],
  ['a native query with parameters of the path', 'POST', `${V2};a=b`, [JSON_TYPE], BODY],
  ['a native query of an absolute URL', 'POST', `http://elsewhere${V2}`, [JSON_TYPE], BODY],
  ['a native query as text', 'POST', V2, ['Content-Type: text/plain'], BODY],
  ['a native query of no type', 'POST', V2, [], BODY],
  ['a native query that is none', 'POST', V2, [JSON_TYPE], '{'],
  ['a native query of an unknown kind', 'POST', V2, [JSON_TYPE], '{"queryType":"nothing"}'],
  ['a native query in Smile', 'POST', V2, [SMILE_TYPE], smile(NATIVE)],
  ['an answer in Smile', 'POST', V2, [JSON_TYPE, 'Accept: application/x-jackson-smile'], BODY],
  ['Smile that is none', 'POST', V2, [SMILE_TYPE], BODY],
  ['an ETag that is not so', 'POST', V2, [JSON_TYPE, 'If-None-Match: "nothing"'], BODY],
  ['where its segments are', 'POST', `${V2}/candidates?numCandidates=1`, [JSON_TYPE], BODY],
  ['GET of native queries', 'GET', V2],
  ['DELETE of a native query', 'DELETE', `${V2}/nobody`],
  ['DELETE of a statement', 'DELETE', `${V2}/sql/nobody`],
  ['DELETE of an id with a slash in it', 'DELETE', `${V2}/sql/a%2Fb`],
  ['engines', 'GET', `${V2}/sql/engines`],
  ['queries', 'GET', `${V2}/sql/queries`],
  ['an asynchronous statement', 'POST', STATEMENTS, [JSON_TYPE], '{"query":"SELECT 1"}'],
  ['an asynchronous statement, with a slash', 'POST', `${STATEMENTS}/`, [JSON_TYPE], '{"query":"SELECT 1"}'],
  ['its state', 'GET', `${STATEMENTS}/nobody?detail=true`],
  ['its results', 'GET', `${STATEMENTS}/nobody/results?page=0&resultFormat=csv`],
  ['its end', 'DELETE', `${STATEMENTS}/nobody`],
  ['a task', 'POST', `${V2}/sql/task`, [JSON_TYPE], '{"query":"SELECT 1"}'],
  ['datasources', 'GET', `${V2}/datasources`],
  ['datasources with a slash', 'GET', `${V2}/datasources/`],
  ['a datasource', 'GET', `${V2}/datasources/events`],
  ['a datasource that there is not', 'GET', `${V2}/datasources/nothing`],
  ['a datasource in an interval', 'GET', `${V2}/datasources/events?interval=${ALL_TIME}`],
  ['a datasource in full', 'GET', `${V2}/datasources/events?interval=${ALL_TIME}&full`],
  ['its dimensions', 'GET', `${V2}/datasources/events/dimensions`],
  ['its metrics', 'GET', `${V2}/datasources/events/metrics`],
  ['its candidates', 'GET', `${V2}/datasources/events/candidates?intervals=${ALL_TIME}`],
  ['a lookup', 'GET', '/druid/v1/lookups/introspect/country_name'],
  ['the keys of a lookup', 'GET', '/druid/v1/lookups/introspect/country_name/keys'],
  ['the values of a lookup', 'GET', '/druid/v1/lookups/introspect/country_name/values'],
  ['a lookup that there is not', 'GET', '/druid/v1/lookups/introspect/nothing'],
  ['status', 'GET', '/status'],
  ['status with a query string', 'GET', '/status?x=1'],
  ['status with parameters of the path', 'GET', '/status;x=y'],
  ['status with two slashes', 'GET', '//status'],
  ['properties', 'GET', '/status/properties'],
  ['whether it finds itself', 'GET', '/status/selfDiscovered/status'],
  ['the same without a body', 'GET', '/status/selfDiscovered'],
  ['readiness of newer servers', 'GET', '/status/ready'],
  ['health', 'GET', '/status/health'],
  ['health with a slash', 'GET', '/status/health/'],
  ['health with a query string', 'GET', '/status/health?x=1'],
  ['health with parameters of the path', 'GET', '/status/health;x=y'],
  ['health of an absolute URL', 'GET', 'http://elsewhere/status/health'],
  ['health with its slash escaped', 'GET', '/status%2Fhealth'],
  ['health by a way round', 'GET', '/druid/../status/health'],
  ['health by POST', 'POST', '/status/health'],
  ['health by HEAD', 'HEAD', '/status/health'],
  ['health by OPTIONS', 'OPTIONS', '/status/health'],
  ['what a Broker has loaded', 'GET', '/druid/broker/v1/loadstatus'],
  ['readiness of a Broker', 'GET', '/druid/broker/v1/readiness'],
  ['HEAD', 'HEAD', '/status'],
  ['OPTIONS', 'OPTIONS', V2],
  ['the root', 'GET', '/'],
  ['what is nowhere', 'GET', '/nothing'],
  ['what is nowhere, by POST', 'POST', '/nothing', [JSON_TYPE], BODY],
  ['what is nowhere, by HEAD', 'HEAD', '/nothing'],
  ['a path of another case', 'GET', '/STATUS'],
  ['a Coordinator of another case', 'GET', '/druid/Coordinator/v1/leader'],
  ['a proxy of another case', 'GET', '/PROXY/enabled'],
]

const STATEMENT = '{"query":"SELECT 1 AS x"}'

/** Ways to write on a request line where statements are asked for: each is such a place for a Broker, or none. */
const TARGETS: readonly string[] = [
  `${V2}/sql`,
  `${V2}/sql/`,
  `${V2}/sql?x`,
  `${V2}/sql;a=b`,
  `${V2}/sql;a=b/`,
  '/druid;a=b/v2/sql',
  '/;a/druid/v2/sql',
  '//druid/v2/sql',
  '/druid//v2/sql',
  `${V2}/sql//`,
  '/druid/./v2/sql',
  `${V2}/x/../sql`,
  `${V2}/x/%2e%2e/sql`,
  '/druid/..;/druid/v2/sql',
  '/druid%2Fv2/sql',
  `${V2}/s%71l`,
  `${V2}/sql%3Ba=b`,
  `${V2}/sql%20`,
  `${V2}/SQL`,
  'http://elsewhere/druid/v2/sql',
  'HTTP://ELSEWHERE:1/druid/v2/sql/?x',
  'https://elsewhere/druid;a/v2/sql',
  'ftp://elsewhere/druid/v2/sql',
  'http://[::1]/druid/v2/sql',
  'http://name:password@elsewhere/druid/v2/sql',
  'http://elsewhere//druid/v2/sql',
  'http://elsewhere',
  'http://elsewhere?x',
]

/** Requests after which a client sends no more, and reads on. */
const LAST_REQUESTS: readonly Asked[] = [
  ['a statement', 'POST', `${V2}/sql`, [JSON_TYPE], STATEMENT],
  ['one that takes its time', 'POST', `${V2}/sql`, [JSON_TYPE], JSON.stringify({ query: longSql(40) })],
  [
    'a long answer',
    'POST',
    `${V2}/sql`,
    [JSON_TYPE],
    '{"query":"SELECT * FROM events ORDER BY __time LIMIT 5000"}',
  ],
  ['a native query', 'POST', V2, [JSON_TYPE], BODY],
  ['what passes', 'GET', `${V2}/datasources`],
]

/** What a Router with its management proxy sends on to who leads, and what it says itself. */
const AT_A_ROUTER: readonly Asked[] = [
  ['the leading Coordinator', 'GET', '/druid/coordinator/v1/leader'],
  ['whether it leads', 'GET', '/druid/coordinator/v1/isLeader'],
  ['with a query string', 'GET', '/druid/coordinator/v1/loadstatus?simple'],
  ['of an absolute URL', 'GET', 'http://elsewhere/druid/coordinator/v1/leader'],
  ['with parameters of the path', 'GET', '/druid/coordinator;a=b/v1/leader'],
  ['datasources of the Coordinator', 'GET', '/druid/coordinator/v1/metadata/datasources'],
  ['a datasource whose name is escaped', 'GET', '/druid/coordinator/v1/datasources/no%20thing%2Fat'],
  ['no more than the beginning', 'GET', '/druid/coordinator'],
  ['what a Coordinator has not', 'GET', '/druid/coordinator/v1/nothing'],
  ['the leading Overlord', 'GET', '/druid/indexer/v1/leader'],
  ['workers', 'GET', '/druid/indexer/v1/workers'],
  ['tasks that wait', 'GET', '/druid/indexer/v1/waitingTasks'],
  ['a task that is none', 'POST', '/druid/indexer/v1/task', [JSON_TYPE], '{"type":"nothing"}'],
  ['the end of a task that there is not', 'POST', '/druid/indexer/v1/task/nothing/shutdown'],
  ['DELETE of what there is not', 'DELETE', '/druid/indexer/v1/pendingSegments/nothing?interval=2000/2001'],
  ['any path of the Coordinator', 'GET', '/proxy/coordinator/status/health'],
  ['any path of the Overlord', 'GET', '/proxy/overlord/status/health'],
  ['the Overlord in another case', 'GET', '/proxy/Overlord/status/health'],
  ['whether there is a proxy', 'GET', '/proxy/enabled'],
  ['a server that is none', 'GET', '/proxy/nothing'],
  ['no server', 'GET', '/proxy'],
]

function textOf([, method, path, headers = [], body]: Asked): string {
  const bytes = Buffer.from(body ?? '')
  const length = body === undefined && method !== 'POST' ? [] : [`Content-Length: ${bytes.length}`]
  const head = [`${method} ${path} HTTP/1.1`, 'Host: druid', 'Connection: close', ...headers, ...length]
  return `${head.join('\r\n')}\r\n\r\n${bytes.toString('latin1')}`
}

/** Of one connection, of one moment, or of Ovate. Node and Jetty differ in how they frame a body. */
const NOT_COMPARED = new Set([
  'connection',
  'keep-alive',
  'date',
  'content-length',
  'transfer-encoding',
  'trailer',
])

interface Answer {
  readonly status: string
  readonly headers: readonly string[]
  readonly body: string
}

async function answerOf(url: string, asked: Asked, sendsNoMore = false): Promise<Answer> {
  const connection = await rawConnection(url)
  connection.send(textOf(asked))
  if (sendsNoMore) connection.socket.end()
  const { text } = await inTime(connection)
  const at = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, at).split('\r\n')
  const isChunked = lines.some((line) => /^transfer-encoding: chunked/i.test(line))
  const body = text.slice(at + 4)
  return {
    status: first.split(' ')[1] ?? '',
    headers: lines
      .filter((line) => !NOT_COMPARED.has(line.split(':')[0]?.toLowerCase() ?? ''))
      .map(ofAnyMoment)
      .toSorted(),
    body: ofAnyMoment(isChunked ? unchunked(body) : body),
  }
}

async function inTime(connection: RawConnection): Promise<{ readonly text: string }> {
  const late = setTimeout(() => connection.close(), FAR_MS)
  try {
    return await connection.end()
  } finally {
    clearTimeout(late)
  }
}

const MEMORY = /"(\w+Memory)":\d+/g

function ofAnyMoment(text: string): string {
  return text.replaceAll(UUID, 'ID').replaceAll(MEMORY, '"$1":0')
}

describe.runIf(clusterAvailable)('in front of a Broker', () => {
  let cluster: Cluster
  let broker: string
  let app: App

  beforeAll(async () => {
    cluster = theCluster()
    // The one that gives ETags.
    broker = cluster.services.broker2
    const management = { enabled: true, servers: [cluster.services.coordinator] }
    app = await startOvate(cluster, { druid: { brokers: [broker], management } })
    await untilLed(app.url)
  })

  afterAll(async () => {
    await app.close()
  })

  test.each(AT_A_BROKER.map((asked) => [asked[0], asked] as const))('%s: as there', async (_, asked) => {
    expect(await answerOf(app.url, asked)).toEqual(await answerOf(broker, asked))
  })

  test.each(TARGETS)('a statement sent to %s: as there', async (target) => {
    const asked: Asked = ['', 'POST', target, [JSON_TYPE], STATEMENT]
    const [got, wanted] = [await answerOf(app.url, asked), await answerOf(broker, asked)]
    expect([got.status, got.body]).toEqual([wanted.status, wanted.body])
  })

  test.each(LAST_REQUESTS.map((asked) => [asked[0], asked] as const))(
    'a client that sends no more after %s: as there',
    async (_, asked) => {
      const [got, wanted] = [await answerOf(app.url, asked, true), await answerOf(broker, asked, true)]
      expect([got.status, got.body]).toEqual([wanted.status, wanted.body])
      expect(wanted.status).toBe('200')
    },
  )

  test.each(AT_A_ROUTER.map((asked) => [asked[0], asked] as const))('%s: as a Router', async (_, asked) => {
    expect(await answerOf(app.url, asked)).toEqual(await answerOf(cluster.services.router, asked))
  })

  test('a native answer that has not changed is none', async () => {
    const { headers } = await request(`${app.url}${V2}`, { body: NATIVE })
    const etag = String(headers['etag'])
    const asked: Asked = ['', 'POST', V2, [JSON_TYPE, `If-None-Match: ${etag}`], BODY]
    const got = await answerOf(app.url, asked)
    expect(got).toEqual(await answerOf(broker, asked))
    expect(got).toMatchObject({ status: '304', body: '' })
  })
})

test.runIf(clusterAvailable)(
  'who leads is found in ZooKeeper, lost with its server, and found again',
  async () => {
    const cluster = theCluster()
    const zookeeper = { connect: cluster.zookeeper, path: '/druid' }
    const app = await startOvate(cluster, { druid: { zookeeper, management: { enabled: true } } })
    const leader = async (): Promise<string> => {
      const { status, body } = await request(`${app.url}/druid/coordinator/v1/leader`)
      return `${status} ${body.toString()}`
    }
    try {
      await untilLed(app.url)
      expect(await leader()).toBe(`200 ${cluster.services.coordinator}`)
      await cluster.kill('coordinator')
      const isLost = async (): Promise<boolean> => (await leader()).startsWith('503 ')
      await waitUntil('nobody to lead', isLost, within(FAR_MS))
      expect((await sql(app.url, 'SELECT 1')).status).toBe(200)
      await cluster.restart('coordinator')
      await untilLed(app.url)
    } finally {
      await app.close()
      await cluster.waitReady()
    }
  },
)

/** Resolves when Ovate knows both leaders. */
async function untilLed(url: string): Promise<void> {
  const isLed = async (): Promise<boolean> => {
    const paths = ['/druid/coordinator/v1/isLeader', '/druid/indexer/v1/isLeader']
    const answers = await Promise.all(paths.map((path) => request(`${url}${path}`)))
    return answers.every(({ status }) => status === 200)
  }
  await waitUntil('both leaders', isLed, within(FAR_MS))
}
