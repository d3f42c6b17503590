// What the operator's listener is made of.
import { type SharedCache } from '../cache/shared/shared-cache.ts'
import { type SessionState } from '../coordination/coordination.ts'
import { type Epochs } from '../coordination/epochs.ts'
import { type Replica } from '../coordination/membership.ts'
import { type SettingsStore } from '../coordination/settings-store.ts'
import { type Druid } from '../druid/druid.ts'
import { type Engine } from '../engine/engine.ts'
import { type Store } from '../engine/store.ts'
import { type Keeper } from '../engine/keeper.ts'
import { type Flights } from '../flight/flights.ts'
import { type Timelines } from '../freshness/timelines.ts'
import { type Explain } from './explain.ts'

/** Leases of this replica, by what they do. */
export interface LeaseCounts {
  /** In line, for this replica's own requests. */
  readonly waiting: number
  readonly held: number
  /** Znodes that nobody wants any more and that are still to be removed. */
  readonly left: number
}

/** What replicas share, as far as an operator sees and changes it. */
export interface SharedState {
  readonly state: () => SessionState
  /** The id of this replica among all. */
  readonly self: string
  readonly replicas: () => readonly Replica[]
  readonly settings: Pick<SettingsStore<unknown>, 'get' | 'set' | 'problems'>
  readonly epochs: Pick<Epochs, 'raise' | 'lineage'>
}

/** What is in force, for people. */
interface SettingsInForce {
  shown(datasource: string | undefined): object
  list(): { readonly all: unknown; readonly datasources: unknown }
}

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
  readonly settings: SettingsInForce
  /** Undefined where this replica stands alone. */
  readonly shared?: SharedState | undefined
  /** Undefined where no turns are taken. */
  readonly leases?: { readonly counts: LeaseCounts } | undefined
  /** Whether it was told to end; left out: never. */
  readonly isDraining?: (() => boolean) | undefined
  /** Undefined where there is none. */
  readonly sharedCache?: Pick<SharedCache, 'state' | 'usage'> | undefined
  readonly version: string
  readonly startedAtMs: number
  /** The configuration without its secrets. */
  readonly config: unknown
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
}
