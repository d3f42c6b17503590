// When an identity last proved that it may read a table, or all rows of it. No answer leaves the cache without a recent
// proof, and none that identities share without one that no row policy hides any of its rows.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../clock.ts'
import { type Druid } from '../druid/druid.ts'
import { isDenial } from '../druid/denial.ts'
import { wholeBody } from '../druid/whole-body.ts'
import { type WholePlan } from '../plan/plan.ts'
import { type IdentityScope } from '../plan/query.ts'

export interface RightsOptions {
  readonly druid: Druid
  readonly clock: Clock
  /** A proof older than this opens nothing, ms. */
  readonly recheckMs: number
  /** Nor does one that all rows are seen, older than this, ms. */
  readonly policyMs: number
  /** How many (identity, table) pairs are remembered. */
  readonly proofsMax: number
  readonly timeoutMs: number
  /** The statement by which Druid says whether a table may be read, reading no row. */
  readonly checkSql: (table: string) => string
  /** The same for all rows of it, and whether the answer says so. */
  readonly allRows: {
    readonly checkSql: (table: string) => string
    readonly shows: (answer: string, table: string) => boolean
  }
  readonly onCheck: (outcome: 'granted' | 'restricted' | 'refused' | 'failed') => void
}

/** `read-all`: no row policy hides a row from who may read. */
export type Right = 'read' | 'read-all'

/** What is held for one identity takes that it may read; what identities share, that each of them sees the same rows. */
export function rightFor({ shared }: Pick<WholePlan, 'shared'>): Right {
  return shared ? 'read-all' : 'read'
}

export interface Caller {
  readonly scope: IdentityScope
  /** The caller's own credentials as they came: names and values in turn. */
  readonly headers: readonly string[]
}

/** A question that is put to Druid once at a time. */
interface Question {
  readonly caller: Caller
  readonly service: string
  readonly table: string
  readonly right: Right
}

/** A proof is renewed when it has used up so much of its time, so that no hit waits for it. */
const DUE_SHARE = 0.7
const ANSWER_MAX_BYTES = 1_000_000

export class Rights {
  readonly #options: RightsOptions
  readonly #provenAtMs: LRUCache<string, number>
  readonly #refusedAtMs: LRUCache<string, number>
  readonly #restrictedAtMs: LRUCache<string, number>
  readonly #renewals = new Set<Promise<boolean>>()
  readonly #renewing = new Map<string, Promise<boolean>>()
  /** Checks that begin when those that run have ended. */
  readonly #next = new Map<string, Promise<boolean>>()

  constructor(options: RightsOptions) {
    const { proofsMax: max } = options
    this.#options = options
    this.#provenAtMs = new LRUCache({ max })
    this.#refusedAtMs = new LRUCache({ max })
    this.#restrictedAtMs = new LRUCache({ max })
  }

  /** How long a proof opens something, ms. */
  get recheckMs(): number {
    return this.#options.recheckMs
  }

  /** An answer of Druid to this identity that read these tables is a proof, as of when it was asked for. */
  proved(scope: IdentityScope, service: string, tables: readonly string[], askedAtMs: number): void {
    for (const table of tables) this.#prove({ scope, service, table, right: 'read' }, askedAtMs)
  }

  /**
   * Druid has just refused this identity something that reads these tables: whatever was asked before proves nothing any
   * more, also where its answer is still to come.
   */
  refused(scope: IdentityScope, service: string, tables: readonly string[]): void {
    for (const table of tables) {
      this.#refusedAtMs.set(keyOf(scope, service, table, 'read'), this.#options.clock.now())
      for (const right of RIGHTS) this.#provenAtMs.delete(keyOf(scope, service, table, right))
    }
  }

  /** When Druid last refused this identity one of these tables; -Infinity: never, as far as is remembered. */
  refusedAtMs(scope: IdentityScope, service: string, tables: readonly string[]): number {
    if (this.#refusedAtMs.size === 0) return Number.NEGATIVE_INFINITY
    const times = tables.map((table) => this.#refusedAtMs.get(keyOf(scope, service, table, 'read')))
    return Math.max(...times.map((atMs) => atMs ?? Number.NEGATIVE_INFINITY))
  }

  /** Hot: a hit passes here. `due`: good for this answer, and to be renewed beside it. */
  state(
    scope: IdentityScope,
    service: string,
    tables: readonly string[],
    right: Right,
  ): 'proved' | 'due' | 'unproved' {
    const now = this.#options.clock.now()
    const lifeMs = this.#lifeMs(right)
    let state: 'proved' | 'due' = 'proved'
    for (const table of tables) {
      const provenAtMs = this.#provenAtMs.get(keyOf(scope, service, table, right))
      const ageMs = now - (provenAtMs ?? Number.NEGATIVE_INFINITY)
      // A clock that was set back makes no proof live longer.
      if (ageMs > lifeMs || ageMs < 0) return 'unproved'
      if (ageMs > lifeMs * DUE_SHARE) state = 'due'
    }
    return state
  }

  /** Whether a row policy was seen over one of these tables, so lately that Druid needn't be asked again. */
  isRestricted(scope: IdentityScope, service: string, tables: readonly string[]): boolean {
    const fromMs = this.#options.clock.now() - this.#lifeMs('read-all')
    return tables.some((table) => {
      const seenAtMs = this.#restrictedAtMs.get(keyOf(scope, service, table, 'read-all'))
      return seenAtMs !== undefined && seenAtMs >= fromMs
    })
  }

  /** Whether a caller may have what is held over these tables: by a proof that still counts, else by asking Druid now. */
  async allows(caller: Caller, service: string, tables: readonly string[], right: Right): Promise<boolean> {
    const isProved = this.state(caller.scope, service, tables, right) !== 'unproved'
    return isProved || (await this.check(caller, service, tables, right))
  }

  /** Asks Druid, as the caller, for each table that isn't freshly proved; true when it has the right to them all. */
  async check(caller: Caller, service: string, tables: readonly string[], right: Right): Promise<boolean> {
    const due = tables.filter((table) => this.state(caller.scope, service, [table], right) !== 'proved')
    const granted = await Promise.all(due.map((table) => this.#checkOnce({ caller, service, table, right })))
    return granted.every(Boolean)
  }

  /** Whether a caller sees all rows of these tables by what is asked from now on, whatever was proved before. Never rejects. */
  async confirmsAllRows(caller: Caller, service: string, tables: readonly string[]): Promise<boolean> {
    const granted = await Promise.all(
      tables.map((table) => this.#checkAnew({ caller, service, table, right: 'read-all' })),
    )
    return granted.every(Boolean)
  }

  /** Renews proofs beside the road; what comes of it is read from the state later. */
  renew(caller: Caller, service: string, tables: readonly string[], right: Right): void {
    const task = this.check(caller, service, tables, right).finally(() => this.#renewals.delete(task))
    this.#renewals.add(task)
  }

  // The check belongs to all who wait for it, so no one caller's signal ends it: its own time does.
  #checkOnce(question: Question): Promise<boolean> {
    const key = keyOfQuestion(question)
    const running = this.#renewing.get(key)
    if (running !== undefined) return running
    const check = this.#ask(question).finally(() => this.#renewing.delete(key))
    this.#renewing.set(key, check)
    return check
  }

  // All that come while one is asked wait for the one after it: never more than two, however many come.
  #checkAnew(question: Question): Promise<boolean> {
    const key = keyOfQuestion(question)
    const running = this.#renewing.get(key)
    if (running === undefined) return this.#checkOnce(question)
    let next = this.#next.get(key)
    if (next === undefined) {
      next = running.then(() => {
        this.#next.delete(key)
        return this.#checkOnce(question)
      })
      this.#next.set(key, next)
    }
    return next
  }

  async #ask(question: Question): Promise<boolean> {
    const { druid, clock, timeoutMs, onCheck } = this.#options
    const { caller, service, table, right } = question
    const askedAtMs = clock.now()
    try {
      const answer = await druid.send(
        {
          method: 'POST',
          path: '/druid/v2/sql',
          headers: [...caller.headers, 'content-type', 'application/json'],
          body: Buffer.from(JSON.stringify({ query: this.#checkSql(table, right), resultFormat: 'array' })),
          service,
          repeatable: true,
          cancel: undefined,
        },
        AbortSignal.timeout(timeoutMs),
      )
      const text = (await wholeBody(answer.body, ANSWER_MAX_BYTES)).toString('utf8')
      const outcome = answer.status === 200 ? this.#granted(question, text, askedAtMs) : 'refused'
      if (isDenial(answer.status)) this.refused(caller.scope, service, [table])
      onCheck(outcome)
      return outcome === 'granted'
    } catch {
      onCheck('failed')
      return false
    }
  }

  #checkSql(table: string, right: Right): string {
    const { checkSql, allRows } = this.#options
    return right === 'read' ? checkSql(table) : allRows.checkSql(table)
  }

  #granted(
    { caller: { scope }, service, table, right }: Question,
    text: string,
    askedAtMs: number,
  ): 'granted' | 'restricted' {
    this.#prove({ scope, service, table, right: 'read' }, askedAtMs)
    if (right === 'read') return 'granted'
    const key = keyOf(scope, service, table, right)
    if (this.#options.allRows.shows(text, table)) {
      this.#restrictedAtMs.delete(key)
      this.#prove({ scope, service, table, right }, askedAtMs)
      return 'granted'
    }
    this.#provenAtMs.delete(key)
    this.#restrictedAtMs.set(key, askedAtMs)
    return 'restricted'
  }

  #prove({ scope, service, table, right }: Proven, askedAtMs: number): void {
    const refusedAtMs = this.#refusedAtMs.get(keyOf(scope, service, table, 'read'))
    if (refusedAtMs !== undefined && askedAtMs <= refusedAtMs) return
    const key = keyOf(scope, service, table, right)
    this.#provenAtMs.set(key, Math.max(askedAtMs, this.#provenAtMs.get(key) ?? askedAtMs))
  }

  #lifeMs(right: Right): number {
    const { recheckMs, policyMs } = this.#options
    return right === 'read' ? recheckMs : Math.min(recheckMs, policyMs)
  }
}

type Proven = Omit<Question, 'caller'> & Pick<Caller, 'scope'>

const RIGHTS = ['read', 'read-all'] as const satisfies readonly Right[]

function keyOfQuestion({ caller, service, table, right }: Question): string {
  return keyOf(caller.scope, service, table, right)
}

function keyOf(scope: IdentityScope, service: string, table: string, right: Right): string {
  return `${right}\n${scope}\n${service}\n${table}`
}
