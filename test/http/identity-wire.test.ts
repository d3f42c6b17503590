// Whose request it is, read off the wire: what clients, fronts and attackers may write, on connections of their own or of all.
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DruidRequest } from '../../src/druid/druid.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { answerer, bodyText, kindOf, script } from '../support/scripted.ts'
import { type Stack, startStack } from '../support/stack.ts'

const NAMES = ['authorization', 'cookie', 'x-forwarded-user']
const BODY = '{"query":"SELECT COUNT(*) AS n FROM events"}'

let druid: FakeDruid
let stack: Stack

/** Everything by which this Broker tells users apart, in the order in which it came. */
function userOf({ headers }: DruidRequest): string {
  const told = headers.flatMap((name, at) =>
    at % 2 === 0 && NAMES.includes(name.toLowerCase()) ? [`${name.toLowerCase()}=${headers[at + 1]}`] : [],
  )
  return told.length === 0 ? 'nobody' : told.join(' ')
}

beforeEach(async () => {
  const own = answerer(script())
  druid = new FakeDruid(async (request, signal) => {
    if (kindOf(request) !== 'data') return await own(request, signal)
    const user = JSON.stringify(userOf(request))
    const isKept = bodyText(request).includes('"sqlTypesHeader":true')
    const body = isKept ? `[["n"],["STRING"],["VARCHAR"],[${user}]]\n` : `[{"n":${user}}]\n`
    return { ...(await own(request, signal)), body }
  })
  stack = await startStack(druid)
})
afterEach(() => stack.stop())

interface Asked {
  readonly headers?: readonly string[]
  readonly version?: '1.0' | '1.1'
}

function head({ headers = [], version = '1.1' }: Asked, isLast: boolean): string {
  const own = ['Host: ovate', 'Content-Type: application/json', `Content-Length: ${BODY.length}`]
  const end = isLast && !headers.some((line) => /^connection:/i.test(line)) ? ['Connection: close'] : []
  return [`POST /druid/v2/sql HTTP/${version}`, ...own, ...headers, ...end, '', BODY].join('\r\n')
}

/** What each was answered, all written at once on one connection. */
async function asked(...all: readonly Asked[]): Promise<readonly string[]> {
  const socket = connect(Number(new URL(stack.sqlUrl).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(all.map((one, at) => head(one, at === all.length - 1)).join(''))
  const came = await text(socket)
  await stack.keeper.settled()
  return [...came.matchAll(/"n":"((?:[^"\\]|\\.)*)"|HTTP\/1\.1 400/g)].map(([whole, user]) => user ?? whole)
}

const ALICE = ['Authorization: Basic YWxpY2U=']
const AS_ALICE = 'authorization=Basic YWxpY2U='

test('requests in line on one connection are each their own', async () => {
  const cookie = ['Cookie: session=b']
  const line: Asked[] = [
    { headers: ALICE },
    {},
    { headers: cookie },
    { headers: ALICE },
    {},
    { headers: cookie },
  ]
  const wanted = [AS_ALICE, 'nobody', 'cookie=session=b']
  // The second time from what is held.
  for (let round = 0; round < 2; round += 1) expect(await asked(...line)).toEqual([...wanted, ...wanted])
})

describe('after alice was answered, and her answer is kept', () => {
  test.each<[string, Asked, string]>([
    ['nobody', {}, 'nobody'],
    ['nobody by HTTP/1.0', { version: '1.0' }, 'nobody'],
    ['she herself by HTTP/1.0', { version: '1.0', headers: ALICE }, AS_ALICE],
    ['she by another case of the name', { headers: ['AUTHORIZATION: Basic YWxpY2U='] }, AS_ALICE],
    ['an empty Authorization', { headers: ['Authorization:'] }, 'authorization='],
    [
      'an empty Authorization before hers',
      { headers: ['Authorization:', ...ALICE] },
      `authorization= ${AS_ALICE}`,
    ],
    [
      "another's behind hers",
      { headers: [...ALICE, 'Authorization: Basic Ym9i'] },
      `${AS_ALICE} authorization=Basic Ym9i`,
    ],
    ['she and a cookie', { headers: [...ALICE, 'Cookie: a=1'] }, `${AS_ALICE} cookie=a=1`],
    ['cookies in one order', { headers: ['Cookie: a=1; b=2'] }, 'cookie=a=1; b=2'],
    ['cookies in another', { headers: ['Cookie: b=2; a=1'] }, 'cookie=b=2; a=1'],
    ['cookies in two lines', { headers: ['Cookie: a=1', 'Cookie: b=2'] }, 'cookie=a=1 cookie=b=2'],
    [
      'her credentials in another place',
      { headers: ['X-Forwarded-User: Basic YWxpY2U='] },
      'x-forwarded-user=Basic YWxpY2U=',
    ],
    ['a name that only looks alike', { headers: ['X-Authorization: Basic YWxpY2U='] }, 'nobody'],
  ])('%s is who it is', async (_, one, wanted) => {
    expect(await asked({ headers: ALICE })).toEqual([AS_ALICE])
    for (let round = 0; round < 2; round += 1) expect(await asked(one)).toEqual([wanted])
  })

  test.each<[string, readonly string[]]>([
    ['her credentials', [...ALICE, 'Connection: close, Authorization']],
    ['a cookie', ['Cookie: a=1', 'Connection: cookie, close']],
    ['what a front tells of the user', ['X-Forwarded-User: mallory', 'Connection: close, x-forwarded-user']],
    [
      'what a front tells of the address',
      ['X-Forwarded-For: 10.0.0.9', 'Connection: close, X-Forwarded-For'],
    ],
  ])('who has %s left out on the way is refused, and Druid hears nothing', async (_, headers) => {
    expect(await asked({ headers: ALICE })).toEqual([AS_ALICE])
    const before = druid.requests.length
    expect(await asked({ headers })).toEqual(['HTTP/1.1 400'])
    expect(druid.requests.length).toBe(before)
  })

  test('only-if-cached is given to nobody else', async () => {
    const wish = 'Cache-Control: only-if-cached'
    expect(await asked({ headers: ALICE })).toEqual([AS_ALICE])
    expect(await asked({ headers: [...ALICE, wish] })).toEqual([AS_ALICE])
    for (const headers of [[], ['Cookie: a=1'], ['Authorization: Basic Ym9i']])
      expect(await asked({ headers: [...headers, wish] })).toEqual([])
  })
})
