// Requests to the leading Coordinator and Overlord: as to a Broker, in groups in which one alone is ready.
import { OvateError } from '../errors.ts'
import { createDruid, type DruidClient } from './client.ts'
import { type DruidAnswer, type DruidRequest } from './druid.ts'
import { type LeaderRole } from './leader-source.ts'
import { type DruidOptions } from './options.ts'

export interface Management {
  /**
   * Sends to who leads. A request that is not `repeatable` is never written twice. `signal` ends the wait and the body.
   * @throws OvateError OVATE_NO_LEADER, OVATE_QUEUE_FULL, OVATE_BROKER_FAILED; the signal's reason.
   */
  send(role: LeaderRole, request: DruidRequest, signal: AbortSignal): Promise<DruidAnswer>
}

export type ManagementOptions = Omit<DruidOptions, 'defaultService' | 'authorization'>

export class ManagementClient implements Management {
  readonly #client: DruidClient

  /** Ovate's own account is not used: whether a server leads may be asked by anybody. */
  constructor(options: ManagementOptions) {
    const defaultService: LeaderRole = 'coordinator'
    this.#client = createDruid({ ...options, defaultService })
  }

  /** Who leads now, as far as is known. */
  leaderOf(role: LeaderRole): string | undefined {
    return this.#client.brokers().find(({ service, state }) => service === role && state === 'ready')?.url
  }

  async send(role: LeaderRole, request: DruidRequest, signal: AbortSignal): Promise<DruidAnswer> {
    try {
      return await this.#client.send({ ...request, service: role }, signal)
    } catch (error) {
      throw told(role, error)
    }
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

const NAMES = { coordinator: 'Coordinator', overlord: 'Overlord' } as const satisfies Record<
  LeaderRole,
  string
>

function told(role: LeaderRole, error: unknown): unknown {
  if (!(error instanceof OvateError)) return error
  if (error.code === 'OVATE_NO_BROKER') {
    const text = `no ${NAMES[role]} is known to lead: see that one runs, and druid.management`
    return new OvateError('OVATE_NO_LEADER', text, { cause: error })
  }
  if (error.code !== 'OVATE_BROKER_FAILED') return error
  const text = `the leading ${NAMES[role]} failed: ${error.cause instanceof Error ? error.cause.message : error.message}`
  return new OvateError('OVATE_BROKER_FAILED', text, { cause: error })
}
