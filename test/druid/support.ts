// What the tests of the Druid client share: fake Brokers that end with the test, quick limits, one request.
import { afterEach } from 'vitest'
import { type BrokersListener, type BrokerSource } from '../../src/druid/broker-source.ts'
import { createDruid, type DruidClient } from '../../src/druid/client.ts'
import { type BrokerAddress, type DruidRequest } from '../../src/druid/druid.ts'
import { brokerAt, fixedSource } from '../../src/druid/fixed-source.ts'
import { type DruidLimits, type DruidOptions } from '../../src/druid/options.ts'
import { type Behaviour, type FakeBroker, startFakeBroker } from '../support/fake-broker.ts'

export const SERVICE = 'druid/broker'

/** Short waits, long enough for two busy cores. */
const QUICK: Partial<DruidLimits> = {
  noBrokerWaitMs: 300,
  connectTimeoutMs: 1_000,
  probeIntervalMs: 40,
  probeTimeoutMs: 250,
  probeFailures: 2,
  readinessIntervalMs: 20,
  rampMs: 100,
  cancelAgeMs: 20,
  cancelTimeoutMs: 1_000,
}

const ends: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

export async function fakeBroker(behave?: Behaviour): Promise<FakeBroker> {
  const broker = await startFakeBroker(behave)
  ends.push(() => broker.kill())
  return broker
}

/** A client on these Brokers with quick limits. */
export function druidOn(
  fakes: readonly { readonly url: string }[],
  options: Partial<DruidOptions> = {},
): DruidClient {
  const urls = fakes.map(({ url }) => url)
  const { limits, ...others } = options
  const druid = createDruid({
    source: fixedSource(urls, SERVICE),
    defaultService: SERVICE,
    limits: { ...QUICK, ...limits },
    ...others,
  })
  ends.push(() => druid.close())
  return druid
}

/** A source that tells what the test says. */
export function scriptedSource(): BrokerSource & { tell(brokers: readonly BrokerAddress[]): void } {
  let listener: BrokersListener = () => undefined
  return {
    start: (onChange) => {
      listener = onChange
    },
    stop: () => Promise.resolve(),
    tell: (brokers) => listener(brokers),
  }
}

export function addressOf({ url }: FakeBroker, change: Partial<BrokerAddress> = {}): BrokerAddress {
  return { ...brokerAt(url, SERVICE), startTime: '2026-11-20T00:00:00.000Z', version: '33.0.0', ...change }
}

export function query(change: Partial<DruidRequest> = {}): DruidRequest {
  return {
    method: 'POST',
    path: '/druid/v2/sql',
    headers: ['Content-Type', 'application/json', 'Authorization', 'Basic client'],
    body: Buffer.from('{"query":"SELECT 1"}'),
    service: undefined,
    repeatable: true,
    cancel: undefined,
    ...change,
  }
}

/** A deadline that a good run never meets. */
export function soon(ms = 10_000): AbortSignal {
  return AbortSignal.timeout(ms)
}
