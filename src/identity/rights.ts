// When an identity last proved that it may read a table. No answer leaves the cache without a recent proof.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../clock.ts'
import { type Druid } from '../druid/druid.ts'
import { type IdentityScope } from '../plan/query.ts'

export interface RightsOptions {
  readonly druid: Druid
  readonly clock: Clock
  /** A proof older than this opens nothing, ms. */
  readonly recheckMs: number
  /** How many (identity, table) pairs are remembered. */
  readonly proofsMax: number
  readonly timeoutMs: number
  /** The statement by which Druid says whether a table may be read, reading no row. */
  readonly checkSql: (table: string) => string
  readonly onCheck: (outcome: 'granted' | 'refused' | 'failed') => void
}

export interface Caller {
  readonly scope: IdentityScope
  /** The caller's own credentials as they came: names and values in turn. */
  readonly headers: readonly string[]
}

/** A proof is renewed when it has used up so much of its time, so that no hit waits for it. */
const DUE_SHARE = 0.7

export class Rights {
  readonly #options: RightsOptions
  readonly #provenAtMs: LRUCache<string, number>
  readonly #renewals = new Set<Promise<boolean>>()
  readonly #renewing = new Map<string, Promise<boolean>>()

  constructor(options: RightsOptions) {
    this.#options = options
    this.#provenAtMs = new LRUCache({ max: options.proofsMax })
  }

  /** How long a proof opens something, ms. */
  get recheckMs(): number {
    return this.#options.recheckMs
  }

  /** An answer of Druid to this identity that read these tables is a proof, as of when it was asked for. */
  proved(scope: IdentityScope, service: string, tables: readonly string[], askedAtMs: number): void {
    for (const table of tables) {
      const key = keyOf(scope, service, table)
      this.#provenAtMs.set(key, Math.max(askedAtMs, this.#provenAtMs.get(key) ?? askedAtMs))
    }
  }

  /** Hot: a hit passes here. `due`: good for this answer, and to be renewed beside it. */
  state(scope: IdentityScope, service: string, tables: readonly string[]): 'proved' | 'due' | 'unproved' {
    const now = this.#options.clock.now()
    let state: 'proved' | 'due' = 'proved'
    for (const table of tables) {
      const ageMs = now - (this.#provenAtMs.get(keyOf(scope, service, table)) ?? Number.NEGATIVE_INFINITY)
      // A clock that was set back makes no proof live longer.
      if (ageMs > this.#options.recheckMs || ageMs < 0) return 'unproved'
      if (ageMs > this.#options.recheckMs * DUE_SHARE) state = 'due'
    }
    return state
  }

  /** Whether a caller may have what is held over these tables: by a proof that still counts, else by asking Druid now. */
  async allows(caller: Caller, service: string, tables: readonly string[]): Promise<boolean> {
    return (
      this.state(caller.scope, service, tables) !== 'unproved' || (await this.check(caller, service, tables))
    )
  }

  /** Asks Druid, as the caller, for each table that isn't freshly proved; true when it may read them all. */
  async check(caller: Caller, service: string, tables: readonly string[]): Promise<boolean> {
    const due = tables.filter((table) => this.state(caller.scope, service, [table]) !== 'proved')
    const granted = await Promise.all(due.map((table) => this.#checkOnce(caller, service, table)))
    return granted.every(Boolean)
  }

  /** Renews proofs beside the road; what comes of it is read from the state later. */
  renew(caller: Caller, service: string, tables: readonly string[]): void {
    const task = this.check(caller, service, tables).finally(() => this.#renewals.delete(task))
    this.#renewals.add(task)
  }

  // The check belongs to all who wait for it, so no one caller's signal ends it: its own time does.
  #checkOnce(caller: Caller, service: string, table: string): Promise<boolean> {
    const key = keyOf(caller.scope, service, table)
    const running = this.#renewing.get(key)
    if (running !== undefined) return running
    const check = this.#ask(caller, service, table).finally(() => this.#renewing.delete(key))
    this.#renewing.set(key, check)
    return check
  }

  async #ask(caller: Caller, service: string, table: string): Promise<boolean> {
    const { druid, clock, timeoutMs, checkSql, onCheck } = this.#options
    const askedAtMs = clock.now()
    try {
      const answer = await druid.send(
        {
          method: 'POST',
          path: '/druid/v2/sql',
          headers: [...caller.headers, 'content-type', 'application/json'],
          body: Buffer.from(JSON.stringify({ query: checkSql(table), resultFormat: 'array' })),
          service,
          repeatable: true,
          cancel: undefined,
        },
        AbortSignal.timeout(timeoutMs),
      )
      const granted = answer.status === 200
      for await (const _ of answer.body) continue
      if (granted) this.proved(caller.scope, service, [table], askedAtMs)
      else if (answer.status === 401 || answer.status === 403)
        this.#provenAtMs.delete(keyOf(caller.scope, service, table))
      onCheck(granted ? 'granted' : 'refused')
      return granted
    } catch {
      onCheck('failed')
      return false
    }
  }
}

function keyOf(scope: IdentityScope, service: string, table: string): string {
  return `${scope}\n${service}\n${table}`
}
