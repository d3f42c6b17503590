// Where Brokers come from.
import { type BrokerAddress } from './druid.ts'

export type BrokersListener = (brokers: readonly BrokerAddress[]) => void

/** Tells the list of Brokers whenever it changes. It never throws: what goes wrong is told to `onError`. */
export interface BrokerSource {
  start(onChange: BrokersListener, onError: (error: Error) => void): void
  stop(): Promise<void>
}
