import { afterEach, expect, test } from 'vitest'
import { bootstrapSource, type BootstrapOptions } from '../../src/druid/bootstrap-source.ts'
import { type BrokerSource } from '../../src/druid/broker-source.ts'
import { fakeBroker, SERVICE } from './support.ts'
import { until } from '../support/until.ts'

let source: BrokerSource | undefined

afterEach(() => source?.stop())

interface Told {
  readonly lists: string[][]
  readonly errors: string[]
}

function begin(urls: readonly string[], options: Partial<BootstrapOptions> = {}): Told {
  const told: Told = { lists: [], errors: [] }
  source = bootstrapSource({ urls, service: SERVICE, refreshMs: 20, timeoutMs: 500, ...options })
  source.start(
    (brokers) => told.lists.push(brokers.map(({ url }) => url)),
    ({ message }) => told.errors.push(message),
  )
  return told
}

const ROWS = [
  { server: 'b:8282', host: 'b', plaintext_port: 8082, tls_port: 8282, server_type: 'broker' },
  { server: 'a:8082', host: 'a', plaintext_port: 8082, tls_port: -1, server_type: 'broker' },
  { server: 'c', host: 'c', plaintext_port: -1, tls_port: -1, server_type: 'broker' },
  { server: '[::1]:8082', host: '::1', plaintext_port: 8082, tls_port: -1, server_type: 'broker' },
]

test('lists what any Broker lists, asked with own credentials, the TLS port first', async () => {
  const broker = await fakeBroker((_request, response) => {
    response.end(JSON.stringify(ROWS))
  })
  const { lists } = begin(['http://127.0.0.1:1', broker.url], { authorization: 'Basic own' })
  await until(() => lists.length > 0)
  expect(lists).toEqual([['http://[::1]:8082', 'http://a:8082', 'https://b:8282']])
  const [asked] = broker.received
  expect(asked?.headers).toContain('Basic own')
  expect(JSON.parse(asked?.body.toString() ?? '')).toEqual({
    query: expect.stringContaining('FROM sys.servers') as unknown,
  })
})

test('tells changes only, and keeps the last list when nobody answers', async () => {
  let rows = ROWS
  const broker = await fakeBroker((_request, response) => {
    response.end(JSON.stringify(rows))
  })
  const { lists, errors } = begin([broker.url])
  await until(() => broker.received.length > 3)
  expect(lists).toHaveLength(1)
  rows = ROWS.slice(0, 1)
  await until(() => lists.length === 2)
  expect(lists[1]).toEqual(['https://b:8282'])
  await broker.kill()
  await until(() => errors.length > 0)
  expect(lists).toHaveLength(2)
})

test.each([
  ['refused', 403, '{"error":"no"}'],
  ['no JSON', 200, '<html>'],
  ['no rows', 200, '{}'],
  ['no Broker', 200, '[]'],
])('%s is told, and no list', async (_, status, body) => {
  const broker = await fakeBroker((_request, response) => {
    response.writeHead(status).end(body)
  })
  const { lists, errors } = begin([broker.url])
  await until(() => errors.length > 0)
  expect(lists).toEqual([])
})
