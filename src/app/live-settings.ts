// The settings in force for each datasource: those of the file, and over them those that replicas share. What is set for one
// datasource stands over what is set for all, and anything that is shared over the file.
import { type Config } from '../config/config.ts'
import { type Live } from '../config/live.ts'
import { type FreshnessRules } from '../freshness/bounds.ts'
import { type DatasourceRules } from '../plan/decide.ts'

/** What is in force for a datasource. */
export interface InForce {
  readonly accelerate: boolean
  readonly shared: boolean
  readonly rowPolicies: 'unknown' | 'none'
  readonly exactDoubles: boolean
  readonly plans: readonly ('whole' | 'series' | 'merge' | 'derive')[]
  /** The Brokers for statements that name none; undefined: the default. */
  readonly service: string | undefined
  readonly maxEntry: number
  readonly maxRows: number
  readonly rules: FreshnessRules
  /** Tells apart under which shared settings an answer was made; empty: there are none. */
  readonly stamp: string
}

const ALL_PLANS = ['whole', 'series', 'merge', 'derive'] as const
/** A fetch of parts that brings more rows makes its statement whole. */
const PART_ROWS_MAX = 500_000

export class LiveSettings implements DatasourceRules {
  readonly #config: Config
  readonly #own = new Map<string, Live>()
  #forAll: Live | undefined
  /** Of those that have settings of their own. */
  #inForce = new Map<string, InForce>()
  #common: InForce
  #revision = 0

  constructor(config: Config) {
    this.#config = config
    this.#common = this.#resolved(undefined)
    this.#resolve()
  }

  /** Another number whenever something has changed: plans that were made before count no more. */
  get revision(): number {
    return this.#revision
  }

  /** Puts shared settings in force, for a datasource or (undefined) for all; undefined takes them off. */
  set(datasource: string | undefined, live: Live | undefined): void {
    if (datasource === undefined) this.#forAll = live
    else if (live === undefined) this.#own.delete(datasource)
    else this.#own.set(datasource, live)
    this.#resolve()
    this.#revision += 1
  }

  /** What is in force for a datasource, or (undefined) for those without settings of their own. */
  of(datasource: string | undefined): InForce {
    return (datasource === undefined ? undefined : this.#inForce.get(datasource)) ?? this.#common
  }

  /** What is in force, as one would write it, for people. */
  shown(datasource: string | undefined): object {
    const { rules, service = this.#config.druid.service, ...others } = this.of(datasource)
    const freshness = { mode: rules.mode, head: rules.headMs, cap: rules.capMs }
    return { ...others, service, freshness, stamp: undefined }
  }

  /** What is shared, by datasource and for all, for people. */
  list(): { readonly all: Live | undefined; readonly datasources: Readonly<Record<string, Live>> } {
    return { all: this.#forAll, datasources: Object.fromEntries(this.#own) }
  }

  readonly rules = (datasource: string): FreshnessRules => this.of(datasource).rules

  readonly exactDoubles = (datasource: string): boolean => this.of(datasource).exactDoubles

  readonly mayDerive = (datasource: string): boolean => this.of(datasource).plans.includes('derive')

  readonly partRowsMax = (datasource: string): number => this.of(datasource).maxRows

  /** The largest answer over these tables that is kept, bytes. */
  readonly entryMaxBytes = (tables: readonly string[]): number =>
    Math.min(this.#config.cache.maxEntry, ...tables.map((table) => this.of(table).maxEntry))

  /** READ doesn't show row policies: unless each table is declared free of them, an identity's answers live for so long only. */
  readonly policyMs = (tables: readonly string[]): number =>
    tables.every((table) => this.of(table).rowPolicies === 'none')
      ? Number.POSITIVE_INFINITY
      : this.#config.identity.policy

  accelerated(datasource: string): boolean {
    return this.of(datasource).accelerate
  }

  shared(datasource: string): boolean {
    return this.of(datasource).shared
  }

  allows(kind: 'series' | 'merge', datasource: string): boolean {
    return this.of(datasource).plans.includes(kind)
  }

  service(tables: readonly string[]): string | undefined {
    const named = new Set(tables.map((table) => this.of(table).service).filter((name) => name !== undefined))
    return named.size === 1 ? [...named][0] : undefined
  }

  stamp(tables: readonly string[]): string {
    const stamps = tables.flatMap((table) => {
      const { stamp } = this.of(table)
      return stamp === '' ? [] : [[table, stamp]]
    })
    return stamps.length === 0 ? '' : JSON.stringify(stamps)
  }

  #resolve(): void {
    const names = [...Object.keys(this.#config.datasources), ...this.#own.keys()]
    this.#common = this.#resolved(undefined)
    this.#inForce = new Map(names.map((name) => [name, this.#resolved(name)]))
  }

  #resolved(datasource: string | undefined): InForce {
    const { datasources, cache } = this.#config
    const declared = new Map(Object.entries(datasources)).get(datasource ?? '')
    const own = datasource === undefined ? undefined : this.#own.get(datasource)
    const live: Live = { ...this.#forAll, ...own }
    const liveFreshness = { ...this.#forAll?.freshness, ...own?.freshness }
    return Object.freeze({
      accelerate: live.accelerate ?? declared?.accelerate ?? true,
      shared: live.shared ?? declared?.shared ?? false,
      rowPolicies: live.rowPolicies ?? declared?.rowPolicies ?? 'unknown',
      exactDoubles: live.exactDoubles ?? declared?.exactDoubles ?? false,
      plans: live.plans ?? ALL_PLANS,
      service: live.service,
      maxEntry: live.maxEntry ?? cache.maxEntry,
      maxRows: live.maxRows ?? PART_ROWS_MAX,
      rules: this.#rules({ ...declared?.freshness, ...liveFreshness }),
      stamp: this.#forAll === undefined && own === undefined ? '' : stampOf(live, liveFreshness),
    })
  }

  #rules({ mode, head, cap }: NonNullable<Live['freshness']>): FreshnessRules {
    const { freshness } = this.#config
    return {
      mode: mode ?? freshness.mode,
      headMs: head ?? freshness.head,
      capMs: cap ?? freshness.cap,
      growth: freshness.growth,
      lookupMs: freshness.lookup,
      schemaRefreshMs: freshness.schemaRefresh,
    }
  }
}

/** Equal for equal settings, whoever reads them. */
function stampOf(live: Live, freshness: NonNullable<Live['freshness']>): string {
  const parts = Object.entries({ ...live, ...freshness, freshness: undefined })
  return JSON.stringify(
    parts.filter(([, value]) => value !== undefined).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}
