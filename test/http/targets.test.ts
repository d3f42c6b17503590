// What stands on the request line: Druid's endpoints are found by their paths, whatever is before or in between, as Jetty
// finds them (33.0.0); what Jetty finds nothing at passes as it stands.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningAdmin, startAdmin } from '../../src/admin/admin.ts'
import { adminOptions } from '../../src/app/listeners.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { rawConnection } from '../support/raw.ts'
import { type Stack, startStack } from '../support/stack.ts'

const ROWS = '[["x"],["LONG"],["BIGINT"],[1]]\n'

let druid: FakeDruid
let stack: Stack

beforeAll(async () => {
  druid = new FakeDruid(({ method, path }) =>
    method === 'POST' && path === '/druid/v2/sql' ? { body: ROWS } : { status: 404, body: 'of a Broker' },
  )
  druid.cancelStatus = 202
  stack = await startStack(druid)
})
beforeEach(() => {
  druid.requests.length = 0
  druid.cancelled.length = 0
})
afterAll(() => stack.stop())

async function said(
  url: string,
  method: string,
  target: string,
  body = '',
  headers: readonly string[] = ['Content-Type: application/json'],
): Promise<string> {
  const connection = await rawConnection(url)
  const head = [
    `${method} ${target} HTTP/1.1`,
    'Host: ovate',
    'Connection: close',
    ...headers,
    `Content-Length: ${body.length}`,
  ]
  connection.send(`${head.join('\r\n')}\r\n\r\n${body}`)
  return (await connection.end()).text
}

async function statusOf(method: string, target: string, body = ''): Promise<string> {
  return (await said(stack.server.url, method, target, body)).split(' ')[1] ?? ''
}

/** By what an endpoint is reached as well. */
const ORIGINS = ['http://elsewhere', 'HTTP://ELSEWHERE:1', 'https://elsewhere', 'ftp://elsewhere']

describe.each(['', ...ORIGINS])('behind "%s"', (origin) => {
  test.each<[string, string[]]>([
    ['/druid/v2/sql/x', ['x']],
    ['/druid/v2/x', ['x']],
    ['/druid/v2/sql/a%2Fb', ['a/b']],
    ['/druid/v2/sql/x?y=z', ['x']],
    ['/druid/v2/sql/', []],
    ['/druid/v2/sql', []],
    ['/druid/v2/sql/x/', ['x']],
    ['/druid/v2/sql/x;a=b', ['x']],
    ['/druid/v2/sql/;a=b', []],
    ['/druid;a=b/v2/sql;c/x', ['x']],
    ['/druid/v2/sql/x%3Ba', ['x;a']],
    ['/druid/v2/s%71l', []],
    ['/druid/v2/%73ql/x', []],
    ['/dr%75id/v2/x', []],
    ['/druid/v2/sql//x', []],
    ['/druid/v2/sql/x/y', []],
    ['/druid/v2/sql/%zz', []],
    ['/druid/v2/sql/%ff', []],
    ['/druid/v2/datasources', []],
    ['/druid/v2/sql/avatica', []],
    ['/druid/v2/sql/avatica-protobuf', []],
    ['/druid/v2/sql/avatica-protobuf/', []],
    ['/druid/v2/avatica', ['avatica']],
    ['/druid//v2/sql/x', []],
    ['/druid/./v2/sql/x', []],
    ['/druid%2Fv2/sql/x', []],
  ])('DELETE %s ends at all Brokers: %j', async (path, ids) => {
    expect(await statusOf('DELETE', origin + path)).toBe(ids.length > 0 ? '202' : '404')
    expect(druid.cancelled).toEqual(ids)
    expect(druid.requests.map((request) => request.path)).toEqual(ids.length > 0 ? [] : [path])
  })

  test('health is answered here', async () => {
    expect(await statusOf('GET', `${origin}/status/health`)).toBe('200')
    expect(druid.requests).toEqual([])
  })

  test('what passes goes on as a path', async () => {
    await statusOf('GET', `${origin}/druid/v2/datasources?full`)
    await statusOf('POST', `${origin}/druid/v2`, '{}')
    await statusOf(
      'POST',
      `${origin}/druid/v2/sql/avatica/`,
      '{"request":"openConnection","connectionId":"c"}',
    )
    expect(druid.requests.map(({ path }) => path)).toEqual([
      '/druid/v2/datasources?full',
      '/druid/v2',
      '/druid/v2/sql/avatica/',
    ])
  })

  test("an operator's paths are a Broker's here", async () => {
    const paths = ['/ovate/status', '/ovate/ready', '/metrics', '/ovate/cache']
    for (const path of paths)
      expect(await said(stack.server.url, 'GET', origin + path)).toContain('of a Broker')
    expect(druid.requests.map(({ path }) => path)).toEqual(paths)
  })
})

describe.each([
  'Content-Type:',
  'Content-Type: json',
  'Content-Type: application/json, application/json',
  'Content-Type: ;charset=utf-8',
  'Accept-Version: 2.0.0',
])('what a header says is for a Broker to judge: "%s"', (header) => {
  test.each([
    ['POST', '/druid/v2/sql/avatica/', '{"request":"openConnection","connectionId":"c"}'],
    ['POST', '/druid/v2', '{}'],
    ['POST', '/druid/indexer/v1/task', '{}'],
    ['PUT', '/druid/v2/lookups', '{}'],
    ['DELETE', '/druid/v2/datasources', ''],
    ['PROPFIND', '/druid/v2/datasources', ''],
  ])('%s %s', async (method, path, body) => {
    expect(await said(stack.server.url, method, path, body, [header])).toMatch(
      /^HTTP\/1\.1 404 [^]*of a Broker/,
    )
    expect(druid.requests.map((request) => [request.method, request.path])).toEqual([[method, path]])
  })

  test('a query is cancelled', async () => {
    expect(await said(stack.server.url, 'DELETE', '/druid/v2/sql/x', '', [header])).toMatch(
      /^HTTP\/1\.1 202 /,
    )
    expect(druid.cancelled).toEqual(['x'])
  })
})

describe('statements', () => {
  test.each([
    '/druid/v2/sql',
    '/druid/v2/sql/',
    '/druid/v2/sql?x=y',
    '/druid/v2/sql;a=b',
    '/druid;a=b/v2/sql',
    ...ORIGINS.map((origin) => `${origin}/druid/v2/sql`),
    'http://elsewhere/druid;a/v2/sql/?x',
  ])('are read at %s', async (target) => {
    expect(await said(stack.server.url, 'POST', target, '{"query":"SELECT 1 AS x"}')).toContain(
      '"pass no-table"',
    )
  })

  test.each([
    '//druid/v2/sql',
    '/druid//v2/sql',
    '/druid/v2/sql//',
    '/druid/./v2/sql',
    '/druid/x/../v2/sql',
    '/druid%2Fv2/sql',
    '/druid/v2%2Fsql',
    '/druid/v2/s%71l',
    '/druid/v2/sql%3Ba=b',
    '/druid/v2/SQL',
    '/;a/druid/v2/sql',
  ])('are not at %s, which passes as it stands', async (target) => {
    expect(await statusOf('POST', target, '{"query":"SELECT 1 AS x"}')).toBe('404')
    expect(druid.requests.map(({ path }) => path)).toEqual([target])
  })
})

test('an origin goes also before a path that begins with nothing', async () => {
  await statusOf('POST', 'http://elsewhere//druid/v2/sql', '{"query":"SELECT 1 AS x"}')
  expect(druid.requests.map(({ path }) => path)).toEqual(['//druid/v2/sql'])
})

test.each(['http://name:password@elsewhere/druid/v2/sql', 'http://elsewhere?/druid/v2/sql'])(
  '%s is for a Broker to judge',
  async (target) => {
    await statusOf('POST', target, '{"query":"SELECT 1 AS x"}')
    expect(druid.requests.map(({ path }) => path)).toEqual([target])
  },
)

describe.each(['', ...ORIGINS])("the operator's listener, behind '%s'", (origin) => {
  let admin: RunningAdmin
  beforeAll(async () => {
    const config = { ...stack.config, admin: { ...stack.config.admin, token: 'a token' } }
    admin = await startAdmin(adminOptions(config, stack, stack.metrics))
  })
  afterAll(() => admin.close())

  test.each([
    '/ovate/status',
    '/ovate/ready/../status',
    '/ovate/ready/..;/status',
    '/ovate/ready;/../status',
    '/ovate/ready%2F..%2Fstatus',
    '/ovate/ready/%2e%2e/status',
    '/ovate//status',
    '//ovate/status',
    '/ovate/%73tatus',
    '/ovate/ready%3F/../status',
    '/metrics',
    '/ovate/cache',
  ])('%s says nothing without the token', async (path) => {
    for (const method of ['GET', 'DELETE', 'POST', 'HEAD'])
      expect(await said(admin.url, method, origin + path)).toMatch(/^HTTP\/1\.1 4\d\d /)
  })
})
