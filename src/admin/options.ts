// What the operator's listener is made of.
import { type Druid } from '../druid/druid.ts'
import { type Engine } from '../engine/engine.ts'
import { type Store } from '../engine/store.ts'
import { type Keeper } from '../engine/keeper.ts'
import { type Flights } from '../flight/flights.ts'
import { type Timelines } from '../freshness/timelines.ts'
import { type Explain } from './explain.ts'

export interface AdminOptions {
  readonly host: string
  readonly port: number
  /** Undefined on loopback only: the configuration sees to that. */
  readonly token?: string | undefined
  readonly druid: Druid
  readonly cache: Store
  readonly engine: Engine
  readonly keeper: Keeper
  readonly timelines: Timelines
  readonly flights: Pick<Flights<unknown>, 'list'>
  readonly explain: Explain
  readonly version: string
  readonly startedAtMs: number
  /** The configuration without its secrets. */
  readonly config: unknown
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
}
