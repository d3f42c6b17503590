// Brokers as an Ovate sees them, and the cluster made whole again after a test.
import { type App } from '../../src/app/app.ts'
import { type BrokerState, type BrokerStatus } from '../../src/druid/druid.ts'
import { type Cluster } from './cluster.ts'
import { countSql } from './datasources.ts'
import { parseJson, request, sql } from './http.ts'
import { SERVICE_NAMES } from './services.ts'
import { waitUntil, within } from './wait.ts'

const SEEN_MS = 30_000
/** Druid's own sessions last 6 s in these clusters. */
const STEADY_MS = 8_000
const STEADY_WAIT_MS = 240_000

/** What Ovate's operator reads of its Brokers. */
export async function brokersOf(app: App): Promise<readonly BrokerStatus[]> {
  return parseJson(await request(`${app.adminUrl}/ovate/brokers`)) as readonly BrokerStatus[]
}

/** How often an event of Brokers was counted. */
export async function brokerEvents(app: App, event: string): Promise<number> {
  const { body } = await request(`${app.adminUrl}/metrics`)
  const line = new RegExp(`^ovate_broker_events_total\\{event="${event}"\\} (\\d+)$`, 'm')
  return Number(line.exec(body.toString())?.[1] ?? 0)
}

/** Waits until the Broker at a URL has one of these states; `gone` where Ovate knows none there. */
export async function untilBroker(app: App, url: string, ...states: (BrokerState | 'gone')[]): Promise<void> {
  const check = async (): Promise<boolean> => {
    const here = (await brokersOf(app)).filter((broker) => broker.url === url)
    return here.length === 0 ? states.includes('gone') : here.some(({ state }) => states.includes(state))
  }
  await waitUntil(`${url} ${states.join(' or ')}`, check, within(SEEN_MS))
}

/** Waits until requests of clients run on the Broker at a URL. */
export async function untilBusy(app: App, url: string): Promise<void> {
  const check = async (): Promise<boolean> =>
    (await brokersOf(app)).some((broker) => broker.url === url && broker.outstanding > 0)
  await waitUntil(`work at ${url}`, check, within(SEEN_MS))
}

/** Waits until some computation has so many who wait for it. */
export async function untilWaiters(app: App, count: number): Promise<void> {
  const check = async (): Promise<boolean> => {
    const flights = parseJson(await request(`${app.adminUrl}/ovate/flights`)) as { waiters: number }[]
    return flights.some(({ waiters }) => waiters === count)
  }
  await waitUntil(`${count} who wait`, check, within(SEEN_MS))
}

/**
 * Waits until every Broker has had all rows for longer than Druid's sessions last. A service that was started again within
 * its session of before loses its announcements once more when that expires, and Brokers lose its segments with them.
 */
export async function untilSteady({ brokers, seeded }: Cluster): Promise<void> {
  let sinceMs = performance.now()
  const check = async (): Promise<boolean> => {
    for (const broker of brokers) {
      const { status, body } = await sql(broker, { query: countSql('events'), resultFormat: 'csv' })
      if (status !== 200 || Number(body) !== seeded?.rows.events) sinceMs = performance.now()
    }
    return performance.now() - sinceMs > STEADY_MS
  }
  await waitUntil('a Druid that is steady', check, within(STEADY_WAIT_MS))
}

/** Thaws what is frozen, starts what is gone, waits until all is ready. */
export async function makeWhole(cluster: Cluster): Promise<void> {
  const status = await cluster.status()
  for (const { name, state } of status) if (state === 'frozen') cluster.thaw(name)
  const gone = SERVICE_NAMES.filter((name) =>
    status.some((service) => service.name === name && service.state === 'stopped'),
  )
  if (gone.includes('zookeeper')) await cluster.restart('zookeeper')
  await Promise.all(gone.filter((name) => name !== 'zookeeper').map((name) => cluster.restart(name)))
  await cluster.waitReady()
}
