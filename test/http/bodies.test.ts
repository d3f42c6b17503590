// Bodies of statements that are not the usual ones: what Druid takes is taken, and one key never gets through.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { utf8Of } from '../../src/http/json-bytes.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { ask, askSql, type Got } from '../support/http-client.ts'
import { answerer, bodyText, kindOf, script, type Script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const COUNT = 'SELECT COUNT(*) AS n FROM events'
const JSON_TYPE = { 'content-type': 'application/json' }
const PLAIN = JSON.stringify({ query: COUNT })

let broker: Script
let druid: FakeDruid
let stack: Stack

beforeEach(async () => {
  broker = script()
  druid = new FakeDruid(answerer(broker))
  stack = await startStack(druid)
})

afterEach(async () => {
  await stack.stop()
})

function post(body: string | Buffer, headers: Record<string, string> = {}, url = stack.sqlUrl): Promise<Got> {
  return ask(url, { headers: { ...JSON_TYPE, ...headers }, body })
}

function sent(): DruidRequest[] {
  return druid.requests.filter((request) => kindOf(request) === 'data')
}

function utf32(text: string, order: 'LE' | 'BE'): Buffer {
  const points = Array.from(text, (one) => one.codePointAt(0) ?? 0)
  const bytes = Buffer.alloc(points.length * 4)
  for (const [at, point] of points.entries()) {
    if (order === 'LE') bytes.writeUInt32LE(point, at * 4)
    else bytes.writeUInt32BE(point, at * 4)
  }
  return bytes
}

const marked = (mark: number[], body: Buffer): Buffer => Buffer.concat([Buffer.from(mark), body])

describe('a body in another encoding of Unicode', () => {
  const text = JSON.stringify({ query: `${COUNT} WHERE city = 'Zürich 東京 😀'` })
  const plain = Buffer.from(text)
  const little = Buffer.from(text, 'utf16le')
  const big = Buffer.from(little).swap16()
  test.each<[string, Buffer]>([
    ['UTF-8 with a mark', marked([0xef, 0xbb, 0xbf], plain)],
    ['UTF-16 LE', little],
    ['UTF-16 LE with a mark', marked([0xff, 0xfe], little)],
    ['UTF-16 BE', big],
    ['UTF-16 BE with a mark', marked([0xfe, 0xff], big)],
    ['UTF-32 LE', utf32(text, 'LE')],
    ['UTF-32 BE', utf32(text, 'BE')],
    ['UTF-32 LE with a mark', marked([0xff, 0xfe, 0, 0], utf32(text, 'LE'))],
    ['UTF-32 BE with a mark', marked([0, 0, 0xfe, 0xff], utf32(text, 'BE'))],
  ])('%s says the same', async (_, body) => {
    expect(utf8Of(body)).toEqual(plain)
    await post(plain)
    await stack.keeper.settled()
    expect((await post(body)).headers['cache-status']).toContain('ovate; hit')
  })

  test.each<[string, Buffer]>([
    ['Latin-1', Buffer.from('{"query":"SELECT \'é\'"}', 'latin1')],
    ['an overlong sequence', Buffer.from('{"quer\xc1\xb9":"SELECT 1"}', 'latin1')],
    ['half of a character', Buffer.from('{"query":"SELECT 1"}', 'utf16le').subarray(0, -1)],
    ['a surrogate as UTF-32', Buffer.concat([utf32('{"', 'LE'), Buffer.from([0, 0xd8, 0, 0])])],
    ['UTF-32 that is cut', utf32('{"query":"SELECT 1"}', 'BE').subarray(0, -2)],
  ])('%s is none, and refused', async (_, body) => {
    const got = await post(body)
    expect(got.status).toBe(400)
    expect(got.body.toString()).toContain('OVATE_BAD_BODY')
    expect(druid.requests).toHaveLength(0)
  })
})

describe('the context key If-None-Match', () => {
  const twice = `{"query":"${COUNT}","context":{"a":1,"If-None-Match":"x"},"context":{"If-None-Match":"y","b":[2]}}`
  const one = `{"query":"${COUNT}","context":{"If-None-Match":"x","a":1}}`
  test.each<[string, string | Buffer, Record<string, string>, string]>([
    ['a body that is understood', one, {}, ''],
    ['a name with escapes', one.replace('If-None', 'If\\u002dNone'), {}, ''],
    ['a URL with a query string', one, {}, '?pretty'],
    ['a URL with parameters', one, {}, ';a=b'],
    ['a body with two contexts', twice, {}, ''],
    ['a body with something behind it', `${one} behind`, {}, ''],
    ['a flag that is a number', one.replace('{"query', '{"header":1,"query'), {}, ''],
    ['an id that is no plain text', one.replace('"a":1', '"sqlQueryId":"é"'), {}, ''],
    ['UTF-16', Buffer.from(one, 'utf16le'), {}, ''],
    ['another charset', one, { 'content-type': 'application/json; charset=iso-8859-1' }, ''],
    ['gzip', gzipSync(one), { 'content-encoding': 'gzip' }, ''],
    ['gzip of a body with two contexts', gzipSync(twice), { 'content-encoding': 'gzip' }, ''],
    ['an encoding that Druid does not know', one, { 'content-encoding': 'br' }, ''],
    [
      'gzip behind an encoding that Druid does not know',
      gzipSync(one),
      { 'content-encoding': 'br, gzip' },
      '',
    ],
    ['no-store', one, { 'cache-control': 'no-store' }, ''],
  ])('never reaches Druid: %s', async (_, body, headers, behind) => {
    const got = await post(body, headers, `${stack.sqlUrl}${behind}`)
    await stack.keeper.settled()
    expect(got.status).toBe(200)
    expect(sent()).toHaveLength(1)
    expect(druid.requests.map(bodyText).join('\n')).not.toMatch(/If-None-Match|If\\u002dNone/)
    const { context } = JSON.parse(bodyText(sent()[0]).replace(/ behind$/, '')) as { context: object }
    expect(context).not.toEqual({})
  })

  test('takes nothing else with it where the body is not understood', async () => {
    await post(twice)
    expect(bodyText(sent()[0])).toBe(`{"query":"${COUNT}","context":{"a":1},"context":{"b":[2]}}`)
  })
})

describe('encodings of a body', () => {
  test.each<[string, Buffer | string, string, number]>([
    ['gzip', gzipSync(PLAIN), 'GZIP', 200],
    ['gzip among others', gzipSync(PLAIN), 'br, gzip', 200],
    ['identity', PLAIN, 'identity', 200],
    ['a name without the thing', PLAIN, 'br', 200],
    ['deflate, which Druid does not know', deflateSync(PLAIN), 'deflate', 400],
    ['br, which Druid does not know', brotliCompressSync(PLAIN), 'br', 400],
    ['gzip twice, which Druid unpacks once', gzipSync(gzipSync(PLAIN)), 'gzip, gzip', 400],
    ['gzip that is cut', gzipSync(PLAIN).subarray(0, 20), 'gzip', 400],
  ])('%s', async (_, body, encoding, status) => {
    const got = await post(body, { 'content-encoding': encoding })
    expect(got.status).toBe(status)
    expect(sent()).toHaveLength(status === 200 ? 1 : 0)
  })
})

test.each([
  ['a field that Druid does not know', (deep: string) => `{"query":"${COUNT}","x":${deep}}`],
  ['the context', (deep: string) => `{"query":"${COUNT}","context":{"x":${deep}}}`],
  ['parameters', (deep: string) => `{"query":"${COUNT}","parameters":[{"type":"ARRAY","value":${deep}}]}`],
])('%s may nest deeper than the stack is', async (_, body) => {
  const deep = body(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
  const got = await post(deep)
  expect(got.status).toBe(200)
  expect(bodyText(sent()[0])).toContain('['.repeat(50_000))
})

describe('what is left out of the key', () => {
  test.each<[string, unknown]>([
    ['timeout', 'abc'],
    ['timeout', -1],
    ['timeout', true],
    ['timeout', null],
    ['priority', 'high'],
    ['lane', 5],
    ['queryId', 5],
    ['populateCache', 1],
    ['useResultLevelCache', []],
    ['populateResultLevelCache', null],
  ])('%s: %j, which Druid refuses, finds no answer of those whom it does not', async (name, value) => {
    await askSql(stack.sqlUrl, COUNT)
    await stack.keeper.settled()
    const got = await askSql(stack.sqlUrl, { query: COUNT, context: { [name]: value } })
    expect(got.headers['cache-status']).toBe('ovate; fwd=bypass; detail="pass context-key"')
  })

  test.each([1, 'nope', '', null, [], 'FALSE'])('useCache: %j is no true', async (useCache) => {
    const got = await askSql(stack.sqlUrl, { query: COUNT, context: { useCache } })
    expect(got.headers['cache-status']).toBe('ovate; fwd=bypass; detail="pass client-bypass"')
  })
})

test('a time zone that holds lines of a statement poisons no other statement', async () => {
  const whole = 'SELECT COUNT(*) AS n FROM events\nUNION ALL\nSELECT COUNT(*) FROM events'
  const [first = '', ...rest] = whole.split('\n')
  await askSql(stack.sqlUrl, {
    query: rest.slice(1).join('\n'),
    context: { sqlTimeZone: `\n${first}\nUNION ALL` },
  })
  await askSql(stack.sqlUrl, whole)
  await stack.keeper.settled()
  const got = await askSql(stack.sqlUrl, rest.slice(1).join('\n'))
  expect(got.headers['cache-status']).toContain('fwd=miss')
})

test('a service that no Broker has is none: a Broker takes no notice of it', async () => {
  for (const query of [COUNT, 'SELECT 1']) {
    const got = await askSql(stack.sqlUrl, { query, context: { brokerService: 'nobody' } })
    expect(got.status).toBe(200)
  }
  expect(sent().map(({ service }) => service)).toEqual([undefined, undefined])
  await askSql(stack.sqlUrl, { query: COUNT, context: { brokerService: 'druid/broker' } })
  expect(sent().at(-1)?.service).toBe('druid/broker')
})
