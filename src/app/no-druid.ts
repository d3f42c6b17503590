// The Druid of those who ask nothing of it.
import { type Druid } from '../druid/druid.ts'
import { OvateError } from '../errors.ts'

/** A Druid without a Broker. */
export function noDruid(defaultService: string): Druid {
  const nobody = (): Promise<never> =>
    Promise.reject(new OvateError('OVATE_NO_BROKER', 'no Broker is asked here'))
  return {
    defaultService,
    send: nobody,
    cancel: nobody,
    isRunning: () => false,
    brokers: () => [],
    generation: () => 0,
  }
}
