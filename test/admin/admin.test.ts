// The operator's listener, asked wrongly.
import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startAdmin, type RunningAdmin } from '../../src/admin/admin.ts'
import { adminOptions } from '../../src/app/listeners.ts'
import { parseConfig } from '../../src/config/config.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask, askSql, type Got } from '../support/http-client.ts'
import { answerer, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const TOKEN = 'a token of some length'
const COUNT = 'SELECT COUNT(*) AS n FROM events'

let stack: Stack
let admin: RunningAdmin

async function start(settings: Record<string, unknown> = {}): Promise<void> {
  stack = await startStack(new FakeDruid(answerer(script())), { admin: { port: 0, ...settings } })
  admin = await startAdmin(adminOptions(stack.config, stack, stack.metrics))
}

beforeEach(() => start())

afterEach(async () => {
  await admin.close()
  await stack.stop()
})

test('listens on loopback unless it is told otherwise, and nowhere else without a token', () => {
  const druid = { brokers: ['http://broker:8082'] }
  expect(parseConfig({ druid }).admin.host).toBe('127.0.0.1')
  expect(() => parseConfig({ druid, admin: { host: '0.0.0.0' } })).toThrow(/token/)
})

describe('with a token', () => {
  beforeEach(async () => {
    await admin.close()
    await stack.stop()
    await start({ token: TOKEN })
  })

  test.each([
    ['none', undefined, 401],
    ['an empty one', '', 401],
    ['another', 'Bearer another', 401],
    ['its beginning', `Bearer ${TOKEN.slice(0, -1)}`, 401],
    ['more than it', `Bearer ${TOKEN}x`, 401],
    ['the token alone', TOKEN, 401],
    ['the token', `Bearer ${TOKEN}`, 200],
  ])('%s opens what it should, on every path', async (_, authorization, status) => {
    const headers = authorization === undefined ? {} : { authorization }
    for (const path of ['/metrics', '/ovate/status', '/ovate/cache', '/ovate/explain?sql=SELECT'])
      expect((await ask(`${admin.url}${path}`, { method: 'GET', headers })).status).toBe(status)
    expect((await ask(`${admin.url}/ovate/ready`, { method: 'GET', headers })).status).toBe(200)
    const byName = { ...headers, host: 'ovate.example:9888' }
    expect((await ask(`${admin.url}/metrics`, { method: 'GET', headers: byName })).status).toBe(status)
    const nowhere = await ask(`${admin.url}/nowhere`, { method: 'GET', headers })
    expect(nowhere.status).toBe(status === 200 ? 404 : 401)
  })
})

describe('without a token', () => {
  const named = async (method: string, path: string, name: string): Promise<Got> => {
    const host = name.replace('PORT', new URL(admin.url).port)
    return await ask(`${admin.url}${path}`, { method, headers: { host } })
  }

  test.each([
    'evil.example:PORT',
    'evil.example',
    '127.0.0.1.evil.example:PORT',
    'localhost.evil.example:PORT',
    '[evil]:PORT',
    'x@127.0.0.1:PORT',
  ])('a page of %s gets nothing and does nothing, whatever address its name has', async (name) => {
    await askSql(stack.sqlUrl, COUNT)
    await stack.keeper.settled()
    const got = await named('DELETE', '/ovate/cache', name)
    expect([got.status, stack.cache.usage.entries]).toEqual([403, 1])
    expect(JSON.parse(got.body.toString())).toMatchObject({ code: 'OVATE_FORBIDDEN' })
    for (const path of ['/metrics', '/ovate/status', '/nowhere'])
      expect((await named('GET', path, name)).status).toBe(403)
    expect((await named('GET', '/ovate/ready', name)).status).toBe(200)
  })

  test.each(['127.0.0.1:PORT', '127.0.0.1', 'localhost:PORT', 'LOCALHOST', '[::1]:PORT', '[::1]'])(
    'whoever asks for %s is let in',
    async (name) => {
      expect((await named('GET', '/ovate/status', name)).status).toBe(200)
    },
  )
})

test.each([
  ['ready', true, false, 200],
  ['no-broker', false, false, 503],
  ['draining', true, true, 503],
])('a balancer is told %s', async (readiness, hasBroker, draining, status) => {
  await admin.close()
  const druid = hasBroker ? stack.druid : { ...stack.druid, brokers: () => [] }
  const options = adminOptions(stack.config, stack, stack.metrics, { isDraining: () => draining })
  admin = await startAdmin({ ...options, druid })
  const got = await ask(`${admin.url}/ovate/ready`, { method: 'GET' })
  expect([got.status, JSON.parse(got.body.toString())]).toEqual([status, { readiness }])
  const shown: unknown = JSON.parse(
    (await ask(`${admin.url}/ovate/status`, { method: 'GET' })).body.toString(),
  )
  expect(shown).toMatchObject({ readiness, ready: status === 200 })
})

describe('a purge', () => {
  beforeEach(async () => {
    await askSql(stack.sqlUrl, COUNT)
    await stack.keeper.settled()
  })

  const purge = (behind: string): Promise<Got> =>
    ask(`${admin.url}/ovate/cache${behind}`, { method: 'DELETE' })

  test.each([
    '?datasource=',
    '?datasource=events&datasource=other',
    '?datasource[]=events',
    '?dataSource=events',
    '?datasource=events&interval=2026',
    '?datasource=events&interval=%2B012345-01-01T00:00:00.000Z/12346-01-01T00:00:00.000Z',
    '?datasource=events&interval=2026-11-02/2026-11-01',
  ])('%s is a mistake, and drops nothing', async (behind) => {
    const got = await purge(behind)
    expect(got.status).toBe(400)
    expect(JSON.parse(got.body.toString())).toMatchObject({ code: 'OVATE_BAD_REQUEST' })
    expect(stack.cache.usage.entries).toBe(1)
  })

  test.each<[string, number]>([
    ['', 1],
    ['?datasource=events', 1],
    ['?datasource=events&interval=2026-11-01/2026-11-02', 1],
    // As Druid writes other years than 0 to 9999, and the ends of time.
    ['?datasource=events&interval=2026-11-01/12345-01-01T00:00:00.000Z', 1],
    ['?datasource=events&interval=-0044-03-15T00:00:00.000Z/2026-11-02', 1],
    ['?datasource=events&interval=-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z', 1],
    // Segments beyond the years of a Date lie in its last millisecond, as do answers that read them.
    ['?datasource=events&interval=300000-01-01T00:00:00.000Z/146140482-04-24T15:36:27.903Z', 1],
    ['?datasource=%65vents', 1],
    ['?datasource=Events', 0],
    ['?datasource=ev%0Aents', 0],
    ['?datasource=__proto__', 0],
  ])('%s drops what it names', async (behind, purged) => {
    expect(JSON.parse((await purge(behind)).body.toString())).toEqual({ purged })
    expect(stack.cache.usage.entries).toBe(1 - purged)
  })
})

describe('explain', () => {
  const explain = (body: string, type = 'application/json'): Promise<Got> =>
    ask(`${admin.url}/ovate/explain`, { headers: { 'content-type': type }, body })

  test.each<[string, string, string, number]>([
    ['nothing', '', 'text/plain', 400],
    ['no JSON', '{"query":', 'application/json', 400],
    ['a list', '["SELECT 1"]', 'application/json', 400],
    ['a number', '5', 'application/json', 400],
    ['a list of lists without end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'application/json', 400],
    ['garbage', '\u0000\uffff;;;', 'text/plain', 200],
    ['another type', 'a=b', 'application/x-www-form-urlencoded', 415],
    ['more than may be', 'x'.repeat(1_000_001), 'text/plain', 413],
    ['a statement', COUNT, 'text/plain', 200],
  ])('%s has an answer', async (_, body, type, status) => {
    const got = await explain(body, type)
    expect(got.status).toBe(status)
    expect(JSON.parse(got.body.toString())).toHaveProperty(status === 200 ? 'plan' : 'code')
  })

  test('a statement twice is a mistake', async () => {
    const got = await ask(`${admin.url}/ovate/explain?sql=SELECT&sql=2`, { method: 'GET' })
    expect(got.status).toBe(400)
  })
})

test('a head without end is refused, and the listener lives', async () => {
  const sent = request(`${admin.url}/metrics`, { headers: { x: 'x'.repeat(20_000) }, agent: false })
  const status = await new Promise((resolve, reject) => {
    sent
      .on('response', (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
  expect(status).toBe(431)
  expect((await ask(`${admin.url}/metrics`, { method: 'GET' })).status).toBe(200)
})
