// What Druid 34 and newer know: SET statements, and bodies that are SQL alone. Brokers that tell such a version are
// played here, since the real cluster of the tests runs an older one.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask, askSql, type Got } from '../support/http-client.ts'
import { answerer, bodyText, kindOf, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'

let druid: FakeDruid
let stack: Stack

beforeEach(async () => {
  druid = new FakeDruid(answerer(script()))
  druid.version = '34.0.0'
  stack = await startStack(druid)
})

afterEach(async () => {
  await stack.stop()
})

async function answers(...asked: (() => Promise<Got>)[]): Promise<unknown[]> {
  const statuses: unknown[] = []
  for (const one of asked) {
    statuses.push((await one()).headers['cache-status'])
    await stack.keeper.settled()
  }
  return statuses
}

const sql =
  (query: string, context: object = {}) =>
  () =>
    askSql(stack.sqlUrl, { query, context })
const body = (type: string, text: string) => () =>
  ask(stack.sqlUrl, { headers: { 'content-type': type }, body: text })

const MISS = 'ovate; fwd=miss; detail="whole"'
const HIT = 'ovate; hit; detail="whole"'

describe('SET statements', () => {
  test('are a part of the question, and go to Druid as they came', async () => {
    const tokyo = `SET sqlTimeZone = 'Asia/Tokyo'; ${COUNT}`
    const paris = `SET sqlTimeZone = 'Europe/Paris'; ${COUNT}`
    expect(await answers(sql(tokyo), sql(tokyo), sql(paris), sql(COUNT), sql(paris))).toEqual([
      MISS,
      HIT,
      MISS,
      MISS,
      HIT,
    ])
    const sent = druid.requests.filter((request) => kindOf(request) === 'data').map(bodyText)
    expect(sent.map((text) => (JSON.parse(text) as { query: string }).query)).toEqual([tokyo, paris, COUNT])
  })

  test('beat the context', async () => {
    const bypassed = sql(`SET useCache = FALSE; ${COUNT}`, { useCache: true })
    const kept = sql(`SET useCache = TRUE; ${COUNT}`, { useCache: false })
    expect(await answers(bypassed, kept, kept)).toEqual([
      'ovate; fwd=bypass; detail="pass client-bypass"',
      MISS,
      HIT,
    ])
  })

  test('EXPLAIN for the check stands behind them', async () => {
    await answers(sql(`SET sqlTimeZone = 'Asia/Tokyo'; ${COUNT}`))
    const explained = druid.requests.filter((request) => kindOf(request) === 'explain').map(bodyText)
    expect(explained.map((text) => (JSON.parse(text) as { query: string }).query)).toEqual([
      `SET sqlTimeZone = 'Asia/Tokyo'; EXPLAIN PLAN FOR ${COUNT}`,
    ])
  })

  test.each(['33.0.0', '9.0.0', ''])('pass with Brokers of version %j', async (version) => {
    druid.version = version
    expect(await answers(sql(`SET useCache = TRUE; ${COUNT}`))).toEqual([
      'ovate; fwd=bypass; detail="pass set-statement"',
    ])
  })
})

describe('a body of SQL alone', () => {
  test.each([
    ['text/plain', ` ${COUNT}\n`],
    ['text/plain; charset=UTF-8', COUNT],
    ['application/x-www-form-urlencoded', 'SELECT+COUNT(*)%20AS+n+FROM%20events'],
  ])('as %s asks what its JSON asks', async (type, text) => {
    expect(await answers(sql(COUNT), body(type, text))).toEqual([MISS, HIT])
  })

  test.each([
    ['text/plain', Buffer.from([0x53, 0xff, 0xfe]).toString('latin1')],
    ['application/x-www-form-urlencoded', 'SELECT+1%2'],
    ['text/plain; charset=iso-8859-1', COUNT],
    ['text/html', COUNT],
  ])('as %s passes as it came where it is not read without doubt', async (type, text) => {
    const sent = Buffer.from(text, 'latin1')
    const got = await ask(stack.sqlUrl, { headers: { 'content-type': type }, body: sent })
    expect(got.headers['cache-status']).toBe('ovate; fwd=bypass; detail="pass content-type"')
    expect(druid.requests.at(-1)?.body).toEqual(sent)
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'as %s passes with Brokers of 33',
    async (type) => {
      druid.version = '33.0.0'
      expect(await answers(body(type, COUNT))).toEqual(['ovate; fwd=bypass; detail="pass content-type"'])
      expect(druid.requests.at(-1)?.body).toEqual(Buffer.from(COUNT))
    },
  )
})
