// Authentication that holds for a connection (NTLM, Negotiate): whoever is known on one leaves it to nobody.
import { createServer } from 'node:http'
import { type AddressInfo, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, expect, test, vi } from 'vitest'
import { createDruid, type DruidClient } from '../../src/druid/client.ts'
import { fixedSource } from '../../src/druid/fixed-source.ts'
import { query, SERVICE, soon } from './support.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** A front of a Broker that takes a connection for the user's who was known on it last, as NTLM does. */
async function rememberingFront(): Promise<string> {
  const known = new WeakMap<Socket, string>()
  const server = createServer((request, response) => {
    const { authorization } = request.headers
    if (authorization !== undefined) known.set(request.socket, authorization)
    request.resume()
    response.end(JSON.stringify({ version: '33.0.0', user: known.get(request.socket) ?? 'nobody' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function druidAt(url: string): Promise<DruidClient> {
  const limits = { brokerConcurrency: 1, readinessIntervalMs: 20 }
  const druid = createDruid({ source: fixedSource([url], SERVICE), defaultService: SERVICE, limits })
  ends.push(() => druid.close())
  await vi.waitUntil(() => druid.brokers()[0]?.state === 'ready', { timeout: 20_000 })
  return druid
}

async function userOf(druid: DruidClient, headers: readonly string[]): Promise<unknown> {
  const { body } = await druid.send(
    query({ headers: ['Content-Type', 'application/json', ...headers] }),
    soon(),
  )
  return (JSON.parse((await buffer(body)).toString()) as { user: unknown }).user
}

test.each(['NTLM TlRMTVNTUAAB', 'Negotiate YII', 'negotiate YII', 'ntlm'])(
  '%s: the connection carries nobody else after it',
  async (authorization) => {
    const druid = await druidAt(await rememberingFront())
    for (let round = 0; round < 5; round += 1) {
      expect(await userOf(druid, [])).toBe('nobody')
      expect(await userOf(druid, ['Authorization', authorization])).toBe(authorization)
    }
    expect(await userOf(druid, [])).toBe('nobody')
  },
)

test('others stay on the connection that is there', async () => {
  const druid = await druidAt(await rememberingFront())
  expect(await userOf(druid, ['Authorization', 'Basic YQ=='])).toBe('Basic YQ==')
  // The front is one that remembers what it should not: here it shows that the connection is the same.
  expect(await userOf(druid, [])).toBe('Basic YQ==')
})
