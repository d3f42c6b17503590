// Live settings and purges through the operator's listeners of two replicas over one coordination.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type RunningAdmin, startAdmin } from '../../src/admin/admin.ts'
import { sharedThrough } from '../../src/app/coordinate.ts'
import { adminOptions } from '../../src/app/listeners.ts'
import { type Shared } from '../../src/app/coordinate.ts'
import { createLog } from '../../src/observe/log.ts'
import { FakeCoordination } from '../coordination/support.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask, askSql, type Got } from '../support/http-client.ts'
import { settle } from '../support/manual-clock.ts'
import { answerer, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const LEASES = { waiting: 3, held: 1, left: 2, names: 4 }

interface Replica {
  readonly stack: Stack
  readonly admin: RunningAdmin
  readonly shared: Shared | undefined
}

let coordination: FakeCoordination
let replicas: Replica[]
let one: Replica
let two: Replica

async function begin(isAlone = false): Promise<Replica> {
  const stack = await startStack(new FakeDruid(answerer(script())))
  const sharing = { parts: stack, log: createLog('silent'), metrics: stack.metrics }
  const shared = isAlone ? undefined : sharedThrough(coordination, '/ovate', sharing)
  const admin = await startAdmin(
    adminOptions(stack.config, stack, stack.metrics, { shared, leases: { counts: LEASES } }),
  )
  const replica = { stack, admin, shared }
  replicas.push(replica)
  return replica
}

beforeEach(async () => {
  coordination = new FakeCoordination()
  coordination.become('connected')
  replicas = []
  ;[one, two] = [await begin(), await begin()]
  await settle()
})

afterEach(async () => {
  for (const { stack, admin, shared } of replicas) {
    await admin.close()
    await shared?.leave()
    await shared?.close()
    await stack.stop()
  }
})

function call(
  { admin }: Replica,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: unknown,
): Promise<Got> {
  const type = { 'content-type': 'application/json' }
  return ask(`${admin.url}${path}`, {
    method,
    headers: body === undefined ? headers : { ...type, ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

function json({ body }: Got): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>
}

const NEW = { 'if-none-match': '*' }

test('what one replica is told is in force on the other, and says who told it', async () => {
  const by = { 'x-ovate-by': 'the one on call' }
  const set = await call(one, 'PUT', '/ovate/settings/events', { ...NEW, ...by }, { accelerate: false })
  expect([set.status, set.headers['etag']]).toEqual([200, '"1"'])
  await settle()
  const got = await call(two, 'GET', '/ovate/settings/events')
  expect(got.headers['etag']).toBe('"1"')
  expect(json(got)).toMatchObject({
    datasource: 'events',
    settings: { accelerate: false },
    inForce: { accelerate: false, shared: false, service: 'druid/broker', freshness: { head: 5_000 } },
    changes: [{ by: 'the one on call', settings: { accelerate: false } }],
  })
})

test('for all, for one, and taken off again', async () => {
  await call(one, 'PUT', '/ovate/settings', NEW, { freshness: { head: '1s' } })
  await call(one, 'PUT', '/ovate/settings/a%2Fb', NEW, { shared: true })
  expect(json(await call(one, 'GET', '/ovate/settings'))).toMatchObject({
    datasource: null,
    settings: { freshness: { head: '1s' } },
    datasources: { 'a/b': { shared: true } },
  })
  const off = await call(one, 'DELETE', '/ovate/settings/a%2Fb', { 'if-match': '"1"' })
  expect([off.status, off.headers['etag']]).toEqual([200, '"2"'])
  const got = json(await call(one, 'GET', '/ovate/settings/a%2Fb'))
  expect(got).toMatchObject({ settings: null, inForce: { shared: false, freshness: { head: 1_000 } } })
  expect(got['changes']).toHaveLength(2)
})

describe('a change', () => {
  beforeEach(async () => {
    await call(one, 'PUT', '/ovate/settings/events', NEW, { shared: true })
  })

  test.each<[string, Record<string, string>, number, string]>([
    ['without a basis', {}, 428, 'OVATE_NO_BASIS'],
    ['of another version', { 'if-match': '"7"' }, 412, 'OVATE_CONFLICT'],
    ['as new, of what is set', NEW, 412, 'OVATE_CONFLICT'],
    ['of a weak tag', { 'if-match': 'W/"1"' }, 400, 'OVATE_BAD_REQUEST'],
    ['of any version', { 'if-match': '*' }, 400, 'OVATE_BAD_REQUEST'],
    ['of two versions', { 'if-match': '"1", "2"' }, 400, 'OVATE_BAD_REQUEST'],
    ['unless a version', { 'if-none-match': '"1"' }, 400, 'OVATE_BAD_REQUEST'],
    ['of a version, as new', { 'if-match': '"1"', ...NEW }, 400, 'OVATE_BAD_REQUEST'],
    ['by nobody', { 'if-match': '"1"', 'x-ovate-by': '' }, 400, 'OVATE_BAD_REQUEST'],
    ['by too long a name', { 'if-match': '"1"', 'x-ovate-by': 'x'.repeat(201) }, 400, 'OVATE_BAD_REQUEST'],
  ])('%s is refused, and changes nothing', async (_, headers, status, code) => {
    for (const [method, body] of [['PUT', {}] as const, ['DELETE', undefined] as const]) {
      const got = await call(one, method, '/ovate/settings/events', headers, body)
      expect([got.status, json(got)['code']]).toEqual([status, code])
    }
    expect(json(await call(two, 'GET', '/ovate/settings/events'))).toMatchObject({
      settings: { shared: true },
    })
  })

  test.each<[string, unknown, number]>([
    ['no JSON', '{', 400],
    ['a number', '5', 400],
    ['a list', [], 400],
    ['what is no setting', { acelerate: true }, 400],
    ['a list of lists without end', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 400],
    ['more than may be', JSON.stringify({ service: 'x'.repeat(70_000) }), 413],
  ])('to %s is refused', async (_, body, status) => {
    const got = await call(one, 'PUT', '/ovate/settings/events', { 'if-match': '"1"' }, body)
    expect([got.status, json(got)['code']]).toEqual([status, 'OVATE_BAD_REQUEST'])
  })

  test('of a name that no datasource can have is refused', async () => {
    const got = await call(one, 'PUT', `/ovate/settings/${'x'.repeat(257)}`, NEW, {})
    expect(got.status).toBe(400)
  })

  test('while ZooKeeper is away is refused, to be tried again', async () => {
    coordination.become('suspect')
    const got = await call(one, 'PUT', '/ovate/settings/events', { 'if-match': '"1"' }, {})
    expect([got.status, json(got)['code']]).toEqual([503, 'OVATE_ZOOKEEPER'])
    expect(json(await call(one, 'GET', '/ovate/status'))).toMatchObject({
      settings: { datasources: { events: { shared: true } } },
      coordination: { session: 'suspect' },
    })
  })
})

test('one that stands alone has no live settings', async () => {
  const alone = await begin(true)
  const got = await call(alone, 'GET', '/ovate/settings/events')
  expect(json(got)).toMatchObject({ settings: null, inForce: { accelerate: true } })
  expect((await call(alone, 'PUT', '/ovate/settings/events', NEW, {})).status).toBe(404)
})

test('status shows the replicas, and which of them answers', async () => {
  one.shared?.join('one:8888')
  two.shared?.join('two:8888')
  await settle()
  await settle()
  const { coordination: told } = json(await call(two, 'GET', '/ovate/status'))
  const { replicas: listed, ...others } = told as { replicas: { address: string; self: boolean }[] }
  expect(listed.map(({ address, self }) => `${address} ${self}`).toSorted()).toEqual([
    'one:8888 false',
    'two:8888 true',
  ])
  expect(others).toMatchObject({ session: 'connected', unreadableSettings: [] })
  expect(others).toHaveProperty('leases', { waiting: 3, held: 1, left: 2 })
  const metrics = (await call(two, 'GET', '/metrics')).body.toString()
  expect(metrics).toContain('ovate_purges_total{what="all"} 1')
})

describe('a purge through one replica', () => {
  const COUNT = 'SELECT COUNT(*) AS n FROM events'

  beforeEach(async () => {
    for (const { stack } of [one, two]) {
      await askSql(stack.sqlUrl, COUNT)
      await stack.keeper.settled()
    }
  })

  const held = (): number[] => [one, two].map(({ stack }) => stack.cache.usage.entries)

  test.each([
    ['', [0, 0]],
    ['?datasource=events', [0, 0]],
    ['?datasource=events&interval=2026-11-01/2026-11-02', [0, 0]],
    ['?interval=2026-11-01/2026-11-02', [0, 0]],
    ['?datasource=other', [1, 1]],
  ])('%s empties all', async (behind, left) => {
    const got = await call(one, 'DELETE', `/ovate/cache${behind}`)
    expect(got.status).toBe(200)
    expect(json(got)).toEqual({ purged: 1 - (left[0] ?? 0), epoch: expect.any(Number) as number })
    await settle()
    expect(held()).toEqual(left)
  })

  test('while ZooKeeper is away empties that one, and says that others were not told', async () => {
    coordination.become('suspect')
    const got = await call(one, 'DELETE', '/ovate/cache?datasource=events')
    expect(got.status).toBe(503)
    expect(json(got)).toMatchObject({ code: 'OVATE_ZOOKEEPER', purged: 1 })
    expect(json(got)['message']).toContain('other replicas may not have been told')
    expect(held()).toEqual([0, 1])
  })

  test.each([
    '?interval=2026',
    '?interval=2026-11-02/2026-11-01',
    '?interval=2026-11-01/2026-11-01',
    '?interval=a/b',
    '?interval=2026-11-01/2026-11-02/2026-11-03',
    '?interval=2026-11-01/2026-11-02&interval=2026-11-01/2026-11-02',
    '?interval=2026-11-01T00:00+05:00/2026-11-02',
    '?interval=2026-13-01/2026-14-02',
  ])('%s is a mistake, and drops nothing', async (behind) => {
    expect((await call(one, 'DELETE', `/ovate/cache${behind}`)).status).toBe(400)
    expect(held()).toEqual([1, 1])
  })
})
