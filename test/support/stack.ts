// One Ovate on a Druid in memory, listening on 127.0.0.1: the whole road but for the wire to Druid.
import { assemble, type Parts } from '../../src/app/assemble.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type Config, parseConfig } from '../../src/config/config.ts'
import { dataServerOptions } from '../../src/app/listeners.ts'
import { type Druid } from '../../src/druid/druid.ts'
import { type Management } from '../../src/druid/management.ts'
import { asOvateError } from '../../src/http/error-answer.ts'
import { type RunningServer, startServer } from '../../src/http/server.ts'
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts'

export interface Stack extends Parts {
  readonly config: Config
  readonly metrics: Metrics
  readonly server: RunningServer
  readonly sqlUrl: string
  stop(): Promise<void>
}

/** Starts one; `settings` as in a configuration file, without the Brokers. */
export async function startStack(
  druid: Druid,
  settings: Record<string, unknown> = {},
  clock: Clock = systemClock,
  sharing: Pick<Parameters<typeof assemble>[1], 'shared' | 'leases' | 'epochs'> = {},
  management?: Management,
): Promise<Stack> {
  const config = parseConfig({
    ...settings,
    listen: { host: '127.0.0.1', port: 0, ...(settings['listen'] as object | undefined) },
    admin: { port: 0, ...(settings['admin'] as object | undefined) },
    druid: { brokers: ['http://127.0.0.1:1'], ...(settings['druid'] as object | undefined) },
  })
  const metrics = createMetrics()
  const parts = assemble(config, { druid, clock, metrics, ...sharing })
  const onError = (error: unknown): void => metrics.failed(asOvateError(error).code)
  const hooks = { metrics, management, onError }
  const server = await startServer(dataServerOptions(config, parts, hooks))
  const stop = async (): Promise<void> => {
    await server.close(100)
    await parts.close()
  }
  return { ...parts, config, metrics, server, sqlUrl: `${server.url}/druid/v2/sql`, stop }
}
