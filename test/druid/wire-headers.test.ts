import { expect, test } from 'vitest'
import {
  credentialHeaders,
  endToEndHeaders,
  firstHeader,
  headersForBuffer,
} from '../../src/druid/wire-headers.ts'

test('what concerns one connection is left out, the rest is kept as it was', () => {
  const raw = ['A', '1', 'a', 'ü', 'Connection', 'close, X-Own', 'x-own', '1', 'Keep-Alive', 'timeout=5']
  const bytes = [...raw, 'Transfer-Encoding', 'chunked', 'Content-Encoding', 'gzip'].map((text) =>
    Buffer.from(text, 'latin1'),
  )
  expect(endToEndHeaders(bytes)).toEqual(['A', '1', 'a', 'ü', 'Content-Encoding', 'gzip'])
})

test('a DELETE carries who asks, not what was asked', () => {
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Length',
    '9',
    'Accept-Encoding',
    'gzip',
    'If-None-Match',
    'x',
  ]
  const who = ['Authorization', 'Basic x', 'Cookie', 'a=b', 'X-Forwarded-For', '10.0.0.1']
  expect(credentialHeaders([...headers, ...who])).toEqual(who)
})

test('the length of a body is counted, not believed', () => {
  expect(headersForBuffer(['Content-Length', '9', 'X', 'y'])).toEqual(['X', 'y'])
})

test('the first of several wins', () => {
  expect(firstHeader(['DATE', 'one', 'Date', 'two'], 'date')).toBe('one')
  expect(firstHeader([], 'date')).toBeUndefined()
})
