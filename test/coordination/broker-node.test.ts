import { gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AnnouncedBroker, parseBrokerNode } from '../../src/coordination/broker-node.ts'
import { OvateError } from '../../src/errors.ts'

// As a Broker 33.0.0 wrote it.
const ANNOUNCED = {
  druidNode: {
    service: 'druid/broker',
    host: '127.0.0.1',
    bindOnHost: true,
    plaintextPort: 8082,
    port: -1,
    tlsPort: -1,
    enablePlaintextPort: true,
    enableTlsPort: false,
  },
  nodeType: 'broker',
  services: { lookupNodeService: { type: 'lookupNodeService', lookupTier: '__default' } },
  startTime: '2026-11-23T13:03:19.444Z',
}

function znode(node: Record<string, unknown> = {}, others: Record<string, unknown> = {}): Buffer {
  return Buffer.from(
    JSON.stringify({ ...ANNOUNCED, ...others, druidNode: { ...ANNOUNCED.druidNode, ...node } }),
  )
}

test.each([
  ['gzip', gzipSync(znode())],
  ['plain', znode()],
])('reads %s', (_, data) => {
  expect(parseBrokerNode(data)).toEqual({
    id: '127.0.0.1:8082',
    url: 'http://127.0.0.1:8082',
    service: 'druid/broker',
    startTime: '2026-11-23T13:03:19.444Z',
    version: undefined,
  })
})

test.each([
  ['the TLS port wins', { tlsPort: 8282 }, 'https://127.0.0.1:8282'],
  ['the older name of the port', { plaintextPort: undefined, port: 8083 }, 'http://127.0.0.1:8083'],
  ['IPv6', { host: '::1' }, 'http://[::1]:8082'],
  ['IPv6 in brackets', { host: '[::1]' }, 'http://[::1]:8082'],
  ['unknown fields', { labels: { a: 1 }, deploymentGroup: 'blue' }, 'http://127.0.0.1:8082'],
])('%s', (_, node, url) => {
  expect(parseBrokerNode(znode(node)).url).toBe(url)
})

test('the version is told where it is known', () => {
  expect(parseBrokerNode(znode({ version: '37.0.0' })).version).toBe('37.0.0')
})

test.each([
  ['nothing', Buffer.alloc(0)],
  ['no JSON', Buffer.from('garbage')],
  ['no object', Buffer.from('[]')],
  ['no node', Buffer.from('{}')],
  ['no host', znode({ host: '' })],
  ['a host that is no host', znode({ host: 'a b/c' })],
  ['a path for a host', znode({ host: 'a/c' })],
  ['no service', znode({ service: 7 })],
  ['no port', znode({ plaintextPort: -1 })],
  ['a port out of range', znode({ plaintextPort: 70_000 })],
  ['broken gzip', gzipSync(znode()).subarray(0, 20)],
  ['a gzip bomb', gzipSync(Buffer.alloc(50_000_000))],
])('refuses %s', (_, data) => {
  expect(() => parseBrokerNode(data)).toThrow(OvateError)
})

function outcomeOf(data: Buffer): OvateError | AnnouncedBroker {
  try {
    return parseBrokerNode(data)
  } catch (error) {
    if (error instanceof OvateError) return error
    throw error
  }
}

test('whatever the bytes are, it is a Broker or an error of ours', () => {
  const anyNode = fc.record({
    druidNode: fc.dictionary(fc.constantFrom('host', 'service', 'tlsPort', 'port'), fc.jsonValue()),
  })
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json(),
    anyNode.map((node) => JSON.stringify(node)),
  )
  fc.assert(
    fc.property(bytes, (data) => {
      const read = outcomeOf(Buffer.from(data))
      expect(read instanceof OvateError || /^https?:/.test(read.url)).toBe(true)
    }),
  )
})
