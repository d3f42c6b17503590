// HTTPS towards Brokers and from clients: a CA of one's own, certificates on both sides.
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import { request } from 'node:https'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type TLSSocket } from 'node:tls'
import { afterEach, expect, test, vi } from 'vitest'
import { createDruid, type DruidClient } from '../../src/druid/client.ts'
import { fixedSource } from '../../src/druid/fixed-source.ts'
import { type DruidTls } from '../../src/druid/options.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { answerer, script } from '../support/scripted.ts'
import { startStack } from '../support/stack.ts'
import { query, SERVICE, soon } from './support.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/tls')
const pem = (name: string): Buffer => readFileSync(join(FIXTURES, name))
const CA = pem('ca.crt')
const SERVER = { cert: pem('server.crt'), key: pem('server.key') }
const CLIENT = { cert: pem('client.crt'), key: pem('client.key') }

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** A Broker on HTTPS; what it answers is the name in the certificate that it was shown. */
async function secureBroker(options: ServerOptions = {}): Promise<string> {
  const server = createServer({ ...SERVER, ...options }, (incoming, response) => {
    const { subject } = (incoming.socket as TLSSocket).getPeerCertificate()
    response.end(JSON.stringify({ version: '33.0.0', shown: (subject as { CN?: string } | undefined)?.CN }))
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function druidAt(url: string, tls: DruidTls): DruidClient {
  const limits = { noBrokerWaitMs: 300, readinessIntervalMs: 20 }
  const druid = createDruid({ source: fixedSource([url], SERVICE), defaultService: SERVICE, tls, limits })
  ends.push(() => druid.close())
  return druid
}

test.each<[string, ServerOptions, DruidTls]>([
  ['its CA', {}, { ca: CA }],
  ['no check', {}, { rejectUnauthorized: false }],
  [
    'a certificate of our own',
    { ca: CA, requestCert: true, rejectUnauthorized: true },
    { ca: CA, ...CLIENT },
  ],
])('a Broker on HTTPS answers with %s', async (_, options, tls) => {
  const druid = druidAt(await secureBroker(options), tls)
  await vi.waitUntil(() => druid.brokers()[0]?.state === 'ready', { timeout: 5_000 })
  const { status, body } = await druid.send(query(), soon())
  const shown = 'cert' in tls ? 'Ovate test client' : undefined
  expect([status, JSON.parse((await buffer(body)).toString())]).toEqual([
    200,
    { version: '33.0.0', ...(shown !== undefined && { shown }) },
  ])
})

test.each<[string, ServerOptions, DruidTls]>([
  ['whose CA is not known', {}, {}],
  [
    'that wants a certificate which is not there',
    { ca: CA, requestCert: true, rejectUnauthorized: true },
    { ca: CA },
  ],
])('a Broker %s is never ready, and gets nothing', async (_, options, tls) => {
  const druid = druidAt(await secureBroker(options), tls)
  await expect(druid.send(query(), soon())).rejects.toMatchObject({ code: 'OVATE_NO_BROKER' })
  expect(druid.brokers()[0]?.state).not.toBe('ready')
})

test('clients are served HTTPS where the configuration says so', async () => {
  const files = { cert: join(FIXTURES, 'server.crt'), key: join(FIXTURES, 'server.key') }
  const stack = await startStack(new FakeDruid(answerer(script())), { listen: { tls: files } })
  ends.push(() => stack.stop())
  expect(stack.sqlUrl).toMatch(/^https:/)
  const text = await new Promise<string>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const sent = request(stack.sqlUrl, { method: 'POST', headers, ca: CA, agent: false }, (response) => {
      buffer(response).then((body) => resolve(body.toString()), reject)
    })
    sent.on('error', reject)
    sent.end('{"query":"SELECT COUNT(*) AS n FROM events"}')
  })
  expect(text).toBe('[{"n":3}]\n')
})
