import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openSharedCache } from '../../src/app/open-shared-cache.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config/config.ts'
import { counted, stored } from '../cache/shared/support.ts'
import { waitUntil, within } from '../cluster/wait.ts'
import { hasRedis, startRedis } from '../redis/server.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/tls')
const druid = { brokers: ['http://127.0.0.1:8082'] }
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
const noError = (): void => undefined

test('there is none unless it is asked for', async () => {
  expect(
    await openSharedCache(parseConfig({ druid }), systemClock, counted().events, noError),
  ).toBeUndefined()
})

test.runIf(hasRedis)('it is what the configuration says', async () => {
  const file = (name: string): string => join(FIXTURES, name)
  const server = await startRedis(ends, {
    tls: true,
    settings: {
      'tls-cert-file': file('server.crt'),
      'tls-key-file': file('server.key'),
      'tls-ca-cert-file': file('ca.crt'),
      'tls-auth-clients': 'no',
      requirepass: 'pw',
    },
    client: { password: 'pw', tls: { rejectUnauthorized: false } },
  })
  const shared = {
    nodes: [server.node],
    password: 'pw',
    tls: { ca: file('ca.crt') },
    namespace: 'one.druid',
    timeout: '5s',
    maxEntry: 2_000,
    ttl: '1m',
  }
  const told = counted()
  const cache = await openSharedCache(
    parseConfig({ druid, cache: { shared } }),
    systemClock,
    told.events,
    noError,
  )
  try {
    await waitUntil('the connection', () => cache?.state === 'ready', within(20_000))
    cache?.put('k', stored('x'))
    cache?.put('l', stored('x'.repeat(2_000)))
    await cache?.flushed(within(20_000))
    const [key = ''] = await server.client.keys('*')
    expect(key).toMatch(/^one\.druid:\d+:/)
    expect(await server.client.pttl(key)).toBeLessThanOrEqual(60_000)
    expect(await cache?.get(['k'], within(20_000))).toEqual([stored('x')])
    expect(told.counts).toMatchObject({ 'wrote stored': 1, 'wrote too-large': 1, 'looked hit': 1 })
  } finally {
    await cache?.close()
  }
})
