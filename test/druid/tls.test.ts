// HTTPS towards Brokers and from clients: a CA of one's own, certificates on both sides.
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import { request } from 'node:https'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createDruid, type DruidClient } from '../../src/druid/client.ts'
import { fixedSource } from '../../src/druid/fixed-source.ts'
import { type BrokerAddress } from '../../src/druid/druid.ts'
import { type DruidOptions, type DruidTls } from '../../src/druid/options.ts'
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

function druidAt(url: string, options: Pick<DruidOptions, 'tls' | 'events'>): DruidClient {
  const limits = { noBrokerWaitMs: 300, readinessIntervalMs: 20 }
  const druid = createDruid({
    source: fixedSource([url], SERVICE),
    defaultService: SERVICE,
    limits,
    ...options,
  })
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
  const druid = druidAt(await secureBroker(options), { tls: () => tls })
  await vi.waitUntil(() => druid.brokers()[0]?.state === 'ready', { timeout: 5_000 })
  const { status, body } = await druid.send(query(), soon())
  const shown = 'cert' in tls ? 'Ovate test client' : undefined
  expect([status, JSON.parse((await buffer(body)).toString())]).toEqual([
    200,
    { version: '33.0.0', ...(shown !== undefined && { shown }) },
  ])
})

test.each<[string, ServerOptions, DruidTls, RegExp]>([
  ['whose CA is not known', {}, {}, /self-signed certificate|unable to verify/],
  ['whose CA is another', {}, { ca: CLIENT.cert }, /self-signed certificate|unable to verify/],
  [
    'that wants a certificate which is not there',
    { ca: CA, requestCert: true, rejectUnauthorized: true },
    { ca: CA },
    /closed|alert|ECONNRESET/,
  ],
])('a Broker %s is never ready, gets nothing, and is told of with why', async (_, options, tls, why) => {
  const told: string[] = []
  const events = { probeFailed: (_broker: BrokerAddress, cause: string): unknown => told.push(cause) }
  const druid = druidAt(await secureBroker(options), { tls: () => tls, events })
  await expect(druid.send(query(), soon())).rejects.toMatchObject({ code: 'OVATE_NO_BROKER' })
  const [broker] = druid.brokers()
  expect(broker?.state).not.toBe('ready')
  expect(broker?.probeFailure).toMatch(why)
  expect(new Set(told).size).toBe(told.length)
  expect(told).toContain(broker?.probeFailure)
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

test('new connections to a Broker are made with the certificates that hold then', async () => {
  const url = await secureBroker({ ca: CA, requestCert: true, rejectUnauthorized: true })
  let tls: DruidTls = { ca: CA }
  const druid = druidAt(url, { tls: () => tls })
  await expect(druid.send(query(), soon())).rejects.toMatchObject({ code: 'OVATE_NO_BROKER' })
  tls = { ca: CA, ...CLIENT }
  await vi.waitUntil(() => druid.brokers()[0]?.state === 'ready', { timeout: 5_000 })
  const { body } = await druid.send(query(), soon())
  expect((await buffer(body)).toString()).toContain('Ovate test client')
})

test('a Broker whose certificate is of another name is tried again, and ready when it may be', async () => {
  // An address that leads to 127.0.0.1, and is not in the certificate.
  const url = (await secureBroker()).replace('127.0.0.1', '0.0.0.0')
  let tls: DruidTls = { ca: CA }
  const druid = druidAt(url, { tls: () => tls })
  await expect(druid.send(query(), soon())).rejects.toMatchObject({ code: 'OVATE_NO_BROKER' })
  expect(druid.brokers()[0]?.probeFailure).toMatch(/does not match certificate's altnames/)
  tls = { ca: CA, rejectUnauthorized: false }
  await vi.waitUntil(() => druid.brokers()[0]?.state === 'ready', { timeout: 5_000 })
  expect(druid.brokers()[0]?.probeFailure).toBeUndefined()
})

describe('clients that show certificates', () => {
  const files = { cert: join(FIXTURES, 'server.crt'), key: join(FIXTURES, 'server.key') }
  const settings = (clientCertificate: string, clientCa = 'ca.crt'): Record<string, unknown> => ({
    listen: { tls: { ...files, clientCa: join(FIXTURES, clientCa), clientCertificate } },
    identity: { unseenByDruid: ['certificate'] },
  })

  /** The status, or how the connection failed. */
  async function asked(url: string, shown: object): Promise<number | string> {
    return await new Promise((resolve) => {
      const headers = { 'content-type': 'application/json' }
      const sent = request(url, { method: 'POST', headers, ca: CA, agent: false, ...shown }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      sent.on('error', () => resolve('cut'))
      sent.end('{"query":"SELECT COUNT(*) AS n FROM events"}')
    })
  }

  test.each<[string, Record<string, unknown>, object, number | string]>([
    ['required and shown', settings('required'), CLIENT, 200],
    ['required and not shown', settings('required'), {}, 'cut'],
    ['required, of another authority', settings('required', 'client.crt'), CLIENT, 'cut'],
    ['optional and shown', settings('optional'), CLIENT, 200],
    ['optional and not shown', settings('optional'), {}, 200],
    ['optional, of another authority', settings('optional', 'client.crt'), CLIENT, 'cut'],
  ])('%s', async (_, given, shown, expected) => {
    const stack = await startStack(new FakeDruid(answerer(script())), given)
    ends.push(() => stack.stop())
    expect(await asked(stack.sqlUrl, shown)).toBe(expected)
  })

  test('are no users of Druid: where that is not said, Ovate does not start', async () => {
    const given = { ...settings('required'), identity: {} }
    await expect(startStack(new FakeDruid(answerer(script())), given)).rejects.toMatchObject({
      code: 'OVATE_CONFIG',
      message: expect.stringContaining('identity.unseenByDruid') as string,
    })
  })

  test('and new certificates of its own are shown to new connections alone', async () => {
    const stack = await startStack(new FakeDruid(answerer(script())), { listen: { tls: files } })
    ends.push(() => stack.stop())
    const names: string[] = []
    const look = async (): Promise<void> => {
      const socket = connect({
        port: Number(new URL(stack.sqlUrl).port),
        host: '127.0.0.1',
        rejectUnauthorized: false,
      })
      await once(socket, 'secureConnect')
      names.push(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    }
    await look()
    stack.server.renew(CLIENT)
    await look()
    expect(names[1]).toBe('Ovate test client')
    expect(names[0]).not.toBe(names[1])
  })
})
