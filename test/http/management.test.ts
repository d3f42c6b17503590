// Coordinator and Overlord behind Ovate: which requests are theirs, who leads, and that nothing is asked of them twice.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BrokerSource } from '../../src/druid/broker-source.ts'
import { listedLeaders } from '../../src/druid/leader-source.ts'
import { ManagementClient } from '../../src/druid/management.ts'
import { managementTarget } from '../../src/http/management.ts'
import { type FakeBroker, startFakeBroker } from '../support/fake-broker.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask } from '../support/http-client.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const leader = (role: 'coordinator' | 'overlord', path: string): unknown => ({ kind: 'leader', role, path })

describe('whose a URL is', () => {
  test.each<[string, unknown]>([
    ['/druid/coordinator/v1/leader?x=1', leader('coordinator', '/druid/coordinator/v1/leader?x=1')],
    ['/druid/coordinator', leader('coordinator', '/druid/coordinator')],
    ['/druid/coordinator;a=b/v1/leader', leader('coordinator', '/druid/coordinator;a=b/v1/leader')],
    ['/druid/indexer/v1/task', leader('overlord', '/druid/indexer/v1/task')],
    ['/proxy/coordinator/druid-ext/x%2Fy?z', leader('coordinator', '/druid-ext/x%2Fy?z')],
    ['/proxy/overlord/status', leader('overlord', '/status')],
    ['/proxy/OverLord/status', leader('overlord', '/status')],
    ['/proxy/coordinator', leader('coordinator', '/')],
    ['/proxy/coordinator?x', leader('coordinator', '/?x')],
    // The host stays the leader's, whatever the path looks like.
    ['/proxy/coordinator//elsewhere/x', leader('coordinator', '//elsewhere/x')],
    ['/proxy/coordinator@elsewhere', { kind: 'unknown', path: '/proxy/coordinator@elsewhere' }],
    ['/proxy/coordinatorx/y', { kind: 'unknown', path: '/proxy/coordinatorx/y' }],
    ['/proxy/enabled', { kind: 'enabled' }],
    ['/proxy/enabled?x', { kind: 'enabled' }],
    ['/proxy/enabled/x', { kind: 'unknown', path: '/proxy/enabled/x' }],
    ['/proxy', { kind: 'unknown', path: '/proxy' }],
    ['/PROXY/coordinator/x', undefined],
    ['/druid/Coordinator/v1', undefined],
    ['/druid/coordinators', undefined],
    ['/druid/v2/coordinator', undefined],
    ['//druid/coordinator', undefined],
    ['/druid//coordinator', undefined],
    ['/druid%2Fcoordinator', undefined],
    ['*', undefined],
    ['', undefined],
  ])('%s', (url, target) => {
    expect(managementTarget(url)).toEqual(target)
  })

  test('whatever is asked of a leader is a path of its own', () => {
    const prefix = fc.constantFrom(
      '/druid/coordinator',
      '/druid/indexer',
      '/proxy/coordinator',
      '/proxy/overlord',
    )
    const pathOf = (url: string): string => {
      const target = managementTarget(url)
      return target === undefined || target.kind === 'enabled' ? '/' : target.path
    }
    fc.assert(
      fc.property(prefix, fc.string(), (start, rest) => {
        expect(pathOf(start + rest)).toMatch(/^\//)
      }),
    )
  })
})

describe('who leads', () => {
  let servers: FakeBroker[]
  let leading: FakeBroker | undefined
  let management: ManagementClient
  let druid: FakeDruid
  let stack: Stack

  beforeEach(async () => {
    servers = [await startFakeBroker(), await startFakeBroker()]
    leading = servers[0]
    for (const server of servers)
      server.behave = ({ path, body }, response) => {
        if (path.endsWith('/isLeader')) response.writeHead(server === leading ? 200 : 404).end()
        else response.end(`${server.id} ${path} ${body.toString()}`)
      }
    await start(listedLeaders(servers.map(({ url }) => url)))
  })

  afterEach(async () => {
    await stack.stop()
    await management.close()
    for (const server of servers) await server.kill()
  })

  async function start(source: BrokerSource, readTimeout = '20s'): Promise<void> {
    management = new ManagementClient({
      source,
      limits: {
        noBrokerWaitMs: 300,
        probeIntervalMs: 40,
        probeTimeoutMs: 500,
        readinessIntervalMs: 20,
        rampMs: 1,
      },
    })
    druid = new FakeDruid(() => ({ status: 404, body: '' }))
    stack = await startStack(druid, { druid: { readTimeout } }, undefined, {}, management)
  }

  /** What came, but for the question whether one leads. */
  const asked = (): string[] =>
    servers.flatMap(({ id, received }) =>
      received
        .filter(({ path }) => !path.endsWith('/isLeader'))
        .map(({ method, path }) => `${id} ${method} ${path}`),
    )

  async function got(path: string, method = 'GET', body?: string): Promise<string> {
    const answer = await ask(stack.server.url + path, { method, ...(body !== undefined && { body }) })
    return `${answer.status} ${answer.body.toString()}`
  }

  async function leads(server: FakeBroker | undefined): Promise<void> {
    leading = server
    await until(
      () =>
        management.leaderOf('overlord') === server?.url && management.leaderOf('coordinator') === server?.url,
    )
  }

  test('is asked, and another when it leads', async () => {
    const [one, two] = servers as [FakeBroker, FakeBroker]
    await leads(one)
    expect(await got('/druid/indexer/v1/task', 'POST', '{"type":"x"}')).toBe(
      `200 ${one.id} /druid/indexer/v1/task {"type":"x"}`,
    )
    await leads(two)
    expect(await got('/proxy/coordinator/x/y?z=1')).toBe(`200 ${two.id} /x/y?z=1 `)
    expect(druid.requests).toEqual([])
  })

  test.each<[string, string]>([
    ['/druid/coordinator/v1/rules', '/druid/coordinator/v1/rules'],
    ['/proxy/overlord/x;a=b/y?z', '/proxy/overlord/x;a=b/y'],
    ['/druid/indexer/%22?z', '/druid/indexer/%22'],
  ])('while it is nobody, that is said in the words of a Router: %s', async (path, said) => {
    await leads(undefined)
    expect(await got(path)).toBe(
      `503 {"error":"Unable to determine destination[${said}]; is your coordinator/overlord running?"}`,
    )
    expect(asked()).toEqual([])
  })

  test.each(['POST', 'DELETE', 'PUT'])('a %s that broke off is never sent again', async (method) => {
    const [one] = servers as [FakeBroker]
    await leads(one)
    const { behave } = one
    one.behave = (request, response) => {
      if (request.path.endsWith('/isLeader')) return behave(request, response)
      response.destroy()
    }
    const answer = await got('/druid/indexer/v1/task', method, method === 'DELETE' ? undefined : '{}')
    expect(answer).toMatch(/^502 .*the leading Overlord failed: .*OVATE_BROKER_FAILED/)
    expect(asked()).toEqual([`${one.id} ${method} /druid/indexer/v1/task`])
  })

  test("its redirects, cookies and challenges are the client's, and are not followed", async () => {
    const [one, two] = servers as [FakeBroker, FakeBroker]
    await leads(one)
    const { behave } = one
    one.behave = (request, response) => {
      if (request.path.endsWith('/isLeader')) return behave(request, response)
      response.writeHead(307, ['Location', `${two.url}/x`, 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end()
    }
    const answer = await ask(`${stack.server.url}/druid/coordinator/v1/rules`, {
      method: 'GET',
      headers: { authorization: 'Basic mine', cookie: 'c=3' },
    })
    expect(answer).toMatchObject({
      status: 307,
      headers: { location: `${two.url}/x`, 'set-cookie': ['a=1', 'b=2'] },
    })
    const sent = one.received.find(({ path }) => path.endsWith('/rules'))?.headers ?? []
    expect(sent).toEqual(expect.arrayContaining(['Basic mine', 'c=3']))
    expect(asked()).toHaveLength(1)
  })

  test('one that does not begin its answer in time is told of', async () => {
    await stack.stop()
    await management.close()
    await start(listedLeaders(servers.map(({ url }) => url)), '300ms')
    const [one] = servers as [FakeBroker]
    await leads(one)
    const { behave } = one
    one.behave = (request, response) =>
      request.path.endsWith('/isLeader') ? behave(request, response) : undefined
    expect(await got('/druid/coordinator/v1/rules')).toMatch(/^504 .*OVATE_DEADLINE/)
  })

  test('a client that leaves ends its request there', async () => {
    const [one] = servers as [FakeBroker]
    await leads(one)
    const { behave } = one
    let closed = false
    one.behave = (request, response) => {
      if (request.path.endsWith('/isLeader')) return behave(request, response)
      response.on('close', () => (closed = true))
      response.write('begun')
    }
    const leaving = new AbortController()
    const left = ask(`${stack.server.url}/druid/indexer/v1/task/x/log`, {
      method: 'GET',
      signal: leaving.signal,
    })
    await until(() => asked().length === 1)
    leaving.abort()
    await left.catch(() => undefined)
    await until(() => closed)
    expect(asked()).toHaveLength(1)
  })

  test('whether there is a proxy is said without one that leads', async () => {
    await leads(undefined)
    expect([await got('/proxy/enabled'), await got('/proxy/x')]).toEqual([
      '200 {"enabled":true}',
      '400 {"error":"Unsupported proxy destination[/proxy/x]"}',
    ])
  })
})

test.each([
  '/druid/coordinator/v1/leader',
  '/druid/indexer/v1/task',
  '/proxy/enabled',
  '/proxy/overlord/status',
])('without management %s is for a Broker to answer', async (path) => {
  const druid = new FakeDruid(() => ({ status: 404, body: '' }))
  const stack = await startStack(druid)
  const { status } = await ask(stack.server.url + path, { method: 'GET' })
  await stack.stop()
  expect([status, druid.requests.map((request) => request.path)]).toEqual([404, [path]])
})
