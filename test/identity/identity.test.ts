import fc from 'fast-check'
import { type IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { ANONYMOUS, Identities } from '../../src/identity/identity.ts'

const SECRET = 'a secret of all replicas'

/** As Node makes it: of some headers the first value alone, of others all joined, and each as it came. */
function request(given: Record<string, string | string[]>): IncomingMessage {
  const lists = Object.entries(given).map(([name, value]) => [name, [value].flat()] as const)
  const headers = Object.fromEntries(lists.map(([name, [first]]) => [name, first]))
  const rawHeaders = lists.flatMap(([name, list]) => list.flatMap((value) => [name.toUpperCase(), value]))
  return { headers, rawHeaders, socket: {} } as IncomingMessage
}

function identities(names: string[] = ['x-user'], secret: string | undefined = SECRET): Identities {
  return new Identities({ headers: names, secret })
}

test('requests without credentials are one anonymous identity', () => {
  expect(identities().scopeOf(request({ 'user-agent': 'curl', accept: '*/*' }))).toBe(ANONYMOUS)
})

describe('two requests', () => {
  test.each([
    ['Authorization', { authorization: 'Basic YQ==' }, { authorization: 'Basic Yg==' }],
    ['cookies', { cookie: 'session=1' }, { cookie: 'session=2' }],
    ['a forwarded user', { 'x-user': 'alice' }, { 'x-user': 'bob' }],
    ['one and none', { authorization: 'Basic YQ==' }, {}],
    ['an empty value and none', { 'x-user': '' }, {}],
    ['a second value', { authorization: ['a', 'b'] }, { authorization: ['a', 'c'] }],
    ['a second value and none', { authorization: ['a', 'b'] }, { authorization: 'a' }],
    ['two values and one that looks like them', { 'x-user': ['a', 'b'] }, { 'x-user': 'a, b' }],
    ['the order of cookies', { cookie: 'a=1; b=2' }, { cookie: 'b=2; a=1' }],
    ['two cookie headers and one', { cookie: ['a=1', 'b=2'] }, { cookie: 'a=1; b=2' }],
    ['an empty Authorization and none', { authorization: '' }, {}],
    [
      'an empty Authorization before another',
      { authorization: ['', 'Basic YQ=='] },
      { authorization: 'Basic YQ==' },
    ],
    ['the case of a value', { authorization: 'Basic YQ==' }, { authorization: 'basic YQ==' }],
    ['where a value stands', { authorization: 'x' }, { cookie: 'x' }],
    ['the order of values', { 'x-user': ['a', 'b'] }, { 'x-user': ['b', 'a'] }],
  ])('differ by %s', (_, one, other) => {
    const scopes = identities()
    expect(scopes.scopeOf(request(one))).not.toBe(scopes.scopeOf(request(other)))
  })

  test('never meet because values were joined', () => {
    const value = fc.stringMatching(/^[a-c=:;,0-9]{0,6}$/)
    const headers = fc.record({ authorization: value, cookie: value, 'x-user': value }, { requiredKeys: [] })
    const scopes = identities()
    fc.assert(
      fc.property(headers, headers, (one, other) => {
        const same = (['authorization', 'cookie', 'x-user'] as const).every(
          (name) => one[name] === other[name],
        )
        expect(scopes.scopeOf(request(one)) === scopes.scopeOf(request(other))).toBe(same)
      }),
    )
  })
})

test('a scope holds no credential, and depends on the secret', () => {
  const asked = request({ authorization: 'Basic c2VjcmV0' })
  const scope = identities().scopeOf(asked)
  expect(scope).not.toContain('c2VjcmV0')
  expect(identities([], 'another').scopeOf(asked)).not.toBe(identities([]).scopeOf(asked))
  expect(identities([], SECRET).scopeOf(asked)).toBe(identities([], SECRET).scopeOf(asked))
})

test('without a secret two processes have nothing in common', () => {
  const asked = request({ authorization: 'Basic c2VjcmV0' })
  const fresh = (): string => new Identities({ headers: [], secret: undefined }).scopeOf(asked)
  expect(fresh()).not.toBe(fresh())
})

describe('a request that has a header left out on its way to Druid', () => {
  test.each<[string, string, boolean]>([
    ['none', 'keep-alive', false],
    ['none that tells users apart', 'close, X-Hop', false],
    ['its credentials', 'authorization', true],
    ['its cookies among others', 'keep-alive,  Cookie', true],
    ['a header of identity.headers', 'close, X-User', true],
    ['the address that a front tells', 'X-Forwarded-For', true],
    ['the same by its newer name', 'Forwarded', true],
  ])('%s', (_, connection, hides) => {
    expect(identities().hides(request({ connection, authorization: 'Basic YQ==' }))).toBe(hides)
  })
})
