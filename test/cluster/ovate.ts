// Ovate in front of the real cluster, in the test's own process.
import { type App, startApp } from '../../src/app/app.ts'
import { parseConfig } from '../../src/config/config.ts'
import { type Cluster } from './cluster.ts'
import { request, sql, type RawResponse } from './http.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

const READY_MS = 20_000
const HIT_MS = 20_000

/** Settings as in a configuration file, put over what every test wants. */
export type Settings = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Starts one on free ports and waits until it answers; the Brokers are those of the cluster unless told. `headers`: of whom Druid answers. */
export async function startOvate(
  cluster: Cluster,
  settings: Settings = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<App> {
  const app = await startApp(
    parseConfig({
      ...settings,
      listen: { host: '127.0.0.1', port: 0, shutdown: '2s', ...settings['listen'] },
      admin: { port: 0, ...settings['admin'] },
      druid: settings['druid'] ?? { brokers: [...cluster.brokers] },
      log: { level: 'silent' },
    }),
  )
  const ready = async (): Promise<boolean> =>
    (await request(`${app.url}/druid/v2/sql`, { body: { query: 'SELECT 1' }, headers })).status === 200
  await waitUntil('an answer through Ovate', ready, within(READY_MS))
  return app
}

/** How an answer was come by: `hit`, `fwd=miss`, `fwd=bypass`. */
export function cacheStatus({ headers }: RawResponse): string {
  return String(headers['cache-status']).split('; ')[1] ?? ''
}

/** Asks until the answer is a hit. */
export async function untilHit(app: App, body: string | object): Promise<RawResponse> {
  let got: RawResponse | undefined
  const hit = async (): Promise<boolean> => {
    got = await sql(app.url, body)
    if (cacheStatus(got) === 'fwd=bypass' || got.status !== 200) {
      throw new GiveUp(
        `${String(got.headers['cache-status'])}: ${got.status} ${got.body.toString().slice(0, 500)}`,
      )
    }
    return cacheStatus(got) === 'hit'
  }
  await waitUntil(`a hit for ${JSON.stringify(body)}`, hit, within(HIT_MS))
  if (got === undefined) throw new Error('nothing was asked')
  return got
}
