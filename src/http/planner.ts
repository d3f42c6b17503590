// From a body's query to a plan: analysis remembered by text, and what the Brokers of now can do.
import { LRUCache } from 'lru-cache'
import { type Druid } from '../druid/druid.ts'
import { decide, type DatasourceRules, serviceOf } from '../plan/decide.ts'
import { type Analysis } from '../plan/facts.ts'
import { type Plan } from '../plan/plan.ts'
import { contextText, type IdentityScope, type Query } from '../plan/query.ts'
import { analyse } from '../sql/analyse.ts'
import { type SqlBody } from './sql-body.ts'

export interface PlannerOptions {
  readonly druid: Druid
  readonly rules: DatasourceRules & { readonly revision: number }
  /** SQL above these limits isn't analysed and passes. */
  readonly sqlMaxLength: number
  readonly sqlMaxDepth: number
}

const REMEMBERED_CHARACTERS_MAX = 8_000_000
const OVERHEAD_CHARACTERS = 500
const SET_SINCE = 34

export class Planner {
  readonly #options: PlannerOptions
  readonly #analyses = new LRUCache<string, Analysis>({
    maxSize: REMEMBERED_CHARACTERS_MAX,
    sizeCalculation: (_, text) => text.length * 3 + OVERHEAD_CHARACTERS,
  })

  constructor(options: PlannerOptions) {
    this.#options = options
  }

  /** The best safe plan for what a client asks. */
  plan(body: SqlBody, identity: IdentityScope): Plan {
    return this.explain(body, identity).plan
  }

  /** The plan, and the analysis that led to it. */
  explain(
    { query, wire }: SqlBody,
    identity: IdentityScope,
  ): { readonly analysis: Analysis; readonly plan: Plan } {
    const analysis = this.#analysis(query.sql, contextText(query, 'sqlTimeZone'))
    const plan = decide(analysis, query, {
      identity,
      rules: this.#options.rules,
      knowsSet: this.knowsText(this.serviceOf(query)),
      knowsService: (name) => this.#knowsService(name),
      wantsCsv: wire.resultFormat === 'csv',
    })
    return { analysis, plan }
  }

  /** Another number whenever plans that were made before count no more. */
  get revision(): number {
    return this.#options.rules.revision
  }

  /** The group of Brokers that a query names, if there is one, or that is set for its tables. */
  serviceOf(query: Query): string | undefined {
    const analysis = this.#analysis(query.sql, contextText(query, 'sqlTimeZone'))
    const tables = analysis.kind === 'facts' ? analysis.facts.tables : []
    return serviceOf(contextText(query, 'brokerService'), tables, {
      rules: this.#options.rules,
      knowsService: (name) => this.#knowsService(name),
    })
  }

  /** Whether all Brokers of a group know SET statements and bodies of plain SQL: those came with Druid 34. */
  knowsText(service: string | undefined): boolean {
    const name = service ?? this.#options.druid.defaultService
    const versions = this.#options.druid.brokers().filter((broker) => broker.service === name)
    return (
      versions.length > 0 && versions.every(({ version }) => Number(version?.split('.')[0] ?? 0) >= SET_SINCE)
    )
  }

  #knowsService(name: string): boolean {
    return this.#options.druid.brokers().some(({ service }) => service === name)
  }

  #analysis(sql: string, timeZone: string | undefined): Analysis {
    const { sqlMaxLength: maxLength, sqlMaxDepth: maxDepth } = this.#options
    // With its length, so that no line of a zone can pass for one of a statement.
    const key = `${timeZone?.length ?? ''} ${timeZone ?? ''} ${sql}`
    const known = this.#analyses.get(key)
    if (known !== undefined) return known
    const analysis = analyse(sql, { timeZone, maxLength, maxDepth })
    this.#analyses.set(key, analysis)
    return analysis
  }
}
