// Ovate in front of a sandbox over the real wire, all on one clock that moves when the test says so.
import { createDruid } from '../../src/druid/client.ts'
import { fixedSource } from '../../src/druid/fixed-source.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { ManualClock } from './manual-clock.ts'
import { type Stack, startStack } from './stack.ts'
import { until } from './until.ts'

export interface SandboxStack {
  readonly clock: ManualClock
  readonly sandbox: Sandbox
  readonly stack: Stack
  /** Where clients connect. */
  readonly url: string
  stop(): Promise<void>
}

const SERVICE = 'druid/broker'
/** Ovate's own account, where the sandbox knows users. */
const OWN_ACCOUNT = { username: 'ovate', password: 'own' }
export const OWN_AUTHORIZATION = `Basic ${Buffer.from('ovate:own').toString('base64')}`

/** Starts both; the sandbox is empty but for `stream`. `settings` as in a configuration file; `nowMs`: when it is. */
export async function startSandboxStack(
  settings: Record<string, unknown> = {},
  nowMs?: number,
): Promise<SandboxStack> {
  const clock = new ManualClock(nowMs)
  const sandbox = await startSandbox({ clock, days: 0 })
  const druid = createDruid({
    source: fixedSource([sandbox.url], SERVICE),
    defaultService: SERVICE,
    authorization: OWN_AUTHORIZATION,
    clock,
  })
  const stack = await startStack(druid, { ...settings, druid: OWN_ACCOUNT }, clock)
  const stop = async (): Promise<void> => {
    await stack.stop()
    await druid.close()
    await sandbox.close()
  }
  await until(() => druid.brokers().some(({ state }) => state === 'ready'))
  return { clock, sandbox, stack, url: stack.server.url, stop }
}
