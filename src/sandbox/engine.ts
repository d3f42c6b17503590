// Answers statements from an embedded DuckDB, in the form from which each of Druid's formats can be written.
import type * as DuckDB from '@duckdb/node-api'
import { OvateError } from '../errors.ts'
import { columnType, type ColumnType } from './cells.ts'
import {
  cannotPlan,
  conflictingTypes,
  divisionByZero,
  SandboxError,
  unauthorized,
  unknownForm,
} from './errors.ts'
import { MACROS } from './macros.ts'
import { explanation } from './explanation.ts'
import { takenApart } from './native-facts.ts'
import { nativeQuery, type NativeQuery } from './native-query.ts'
import { metadataRelation, type ServerFacts } from './metadata.ts'
import { parameterTexts } from './parameters.ts'
import { translate, type Translated } from './select.ts'
import { type Relation, type Surroundings } from './surroundings.ts'
import { type Selection } from './selection.ts'
import { type ColumnKind, SandboxTable } from './store.ts'
import { zoneNameOf, zoneOf } from './times.ts'
import { mayRead, type SandboxUser } from './users.ts'
import { words } from './words.ts'

export interface SandboxQuery {
  readonly sql: string
  readonly parameters: readonly { readonly type: string; readonly value: unknown }[]
  readonly context: Readonly<Record<string, unknown>>
  readonly nowMs: number
  readonly user: SandboxUser | undefined
  /** Whether a head is wanted. */
  readonly header: boolean
}

const SETTINGS = [
  "SET TimeZone = 'UTC'",
  'SET threads = 1',
  'SET ieee_floating_point_ops = true',
  'SET integer_division = true',
  'SET order_by_non_integer_literal = true',
  'SET enable_external_access = false',
]
const EXPLAIN = /^\s*EXPLAIN\s+PLAN\s+FOR\b/i

export class SandboxEngine {
  readonly tables = new Map<string, SandboxTable>()
  /** What sys.servers says. */
  server: () => ServerFacts = () => ({ host: '127.0.0.1', port: 0, startTime: new Date(0).toISOString() })
  readonly #instance: DuckDB.DuckDBInstance
  readonly #connection: DuckDB.DuckDBConnection
  readonly #working = new Set<Promise<unknown>>()
  #closed = false

  private constructor(instance: DuckDB.DuckDBInstance, connection: DuckDB.DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  /** An empty one. @throws OvateError OVATE_CONFIG when the optional package is not there. */
  static async create(): Promise<SandboxEngine> {
    const { DuckDBInstance: Instance } = await duckdb()
    const instance = await Instance.create(':memory:')
    const connection = await instance.connect()
    for (const statement of [...SETTINGS, ...MACROS]) await connection.run(statement)
    return new SandboxEngine(instance, connection)
  }

  async createTable(name: string, columns: ReadonlyMap<string, ColumnKind>): Promise<SandboxTable> {
    const table = new SandboxTable(this.#connection, name, columns)
    await table.create()
    this.tables.set(name, table)
    return table
  }

  /** The answer as names, native types, SQL types and rows. @throws SandboxError. */
  async answer(query: SandboxQuery): Promise<Buffer> {
    if (this.#closed) throw new SandboxError(503, 'the sandbox is closed')
    const work = this.#answer(query)
    this.#working.add(work)
    try {
      return await work
    } finally {
      this.#working.delete(work)
    }
  }

  async #answer(query: SandboxQuery): Promise<Buffer> {
    const explained = EXPLAIN.exec(query.sql)
    const sql = explained === null ? query.sql : query.sql.slice(explained[0].length)
    const surroundings = this.#surroundings(query)
    const translated = translate(sql, surroundings)
    checkRights(query.user, translated)
    if (explained !== null) return await this.#explain({ ...query, sql }, translated, surroundings)
    return await this.#run(outerLimited(translated, query.context), surroundings.zone, query.header)
  }

  /** DuckDB takes the process with it when it is closed in the middle of a query: that is waited for. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#working)
    this.#connection.closeSync()
    this.#instance.closeSync()
  }

  #surroundings({ parameters, context, nowMs, user }: SandboxQuery): Surroundings {
    const pinned = context['sqlCurrentTimestamp']
    return {
      relation: (schema, name) => this.#relation(schema, name, user),
      nowMs: pinned === undefined || pinned === null ? nowMs : pinnedMs(pinned),
      zone: zoneOf(context['sqlTimeZone']),
      topN: words(context['useApproximateTopN'] ?? true) === 'true',
      parameters: parameterTexts(parameters),
    }
  }

  #relation(schema: string | undefined, name: string, user: SandboxUser | undefined): Relation | undefined {
    if (schema !== undefined && schema !== 'druid')
      return metadataRelation(`${schema}.${name}`, this.#readable(user), this.server())
    const table = this.tables.get(name)
    if (table === undefined) return undefined
    const policy = user?.rowFilter?.[name]
    const source = (): string =>
      policy === undefined ? table.source() : `(SELECT * FROM ${table.source()} WHERE ${policy})`
    return { columns: [...table.columns.keys()], source }
  }

  #readable(user: SandboxUser | undefined): ReadonlyMap<string, SandboxTable> {
    return new Map([...this.tables].filter(([name]) => mayRead(user, name)))
  }

  async #explain(
    query: SandboxQuery,
    { sql: text, names, tables }: Translated,
    surroundings: Surroundings,
  ): Promise<Buffer> {
    const types = await this.#types(`SELECT * FROM (${text})`)
    const columns = types.map((native, index) => ({ name: names[index] ?? '', native }))
    const native = await this.#native(query, surroundings)
    const { user } = query
    const policies = user?.showsPolicies === true ? (user.rowFilter ?? {}) : {}
    return explanation(query.sql, { tables, zone: surroundings.zone, columns, native, policies })
  }

  async #native(
    { sql, parameters, context }: SandboxQuery,
    surroundings: Surroundings,
  ): Promise<NativeQuery | undefined> {
    const zoneName = zoneNameOf(context['sqlTimeZone'])
    const apart = takenApart(sql, { surroundings, zoneName, parameters })
    if (apart === undefined) return undefined
    const selection = cutOutside(apart.selection, context)
    const distinct = words(context['useApproximateCountDistinct'] ?? true) === 'true'
    const approximate = { topN: surroundings.topN, distinct }
    return nativeQuery({ ...apart, selection, types: await this.#typesIn(selection), approximate })
  }

  /** Druid's types of what a SELECT reads of its source, and of what it makes of it. */
  async #typesIn({ from, groups = [], items, order, aggregates }: Selection): Promise<Map<string, string>> {
    const calls = [...aggregates.values()].flatMap((call) => [call, call.unlessInteger ?? call])
    const read = [...groups, ...calls.flatMap(({ argument }) => argument ?? [])]
    const made = [...[...items, ...order].map(({ expression }) => expression), ...aggregates.keys()]
    const source = from === undefined ? '' : ` FROM ${from.sql}`
    const grouping = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`
    const types = new Map<string, string>()
    for (const [texts, rest] of [
      [made, grouping],
      [read, ''],
    ] as const) {
      if (texts.length === 0) continue
      const columns = texts.map((text, index) => `${text} AS c${index}`).join(', ')
      const natives = await this.#types(`SELECT ${columns}${source}${rest}`)
      for (const [index, text] of texts.entries()) types.set(text, natives[index] ?? '')
    }
    return types
  }

  async #types(sql: string): Promise<readonly string[]> {
    const result = await this.#attempt(`SELECT * FROM (${sql}) LIMIT 0`)
    return typesOf(result).map(({ native }) => native)
  }

  async #run({ sql, names, chars }: Translated, zone: string, header: boolean): Promise<Buffer> {
    const result = await this.#attempt(sql)
    const types = typesOf(result)
    if (header) checkHead(names, types)
    const rows = await result.getRows()
    const cell = (value: DuckDB.DuckDBValue, index: number): string =>
      value === null ? 'null' : (types[index]?.text(value, zone) ?? 'null')
    const lines = [
      JSON.stringify(names),
      JSON.stringify(types.map(({ native }) => native)),
      JSON.stringify(types.map((type, index) => (chars[index] === true ? 'CHAR' : type.sql))),
      ...rows.map((row) => `[${row.map(cell).join(',')}]`),
    ]
    return Buffer.from(`[${lines.join(',')}]\n`)
  }

  async #attempt(sql: string): ReturnType<DuckDB.DuckDBConnection['run']> {
    try {
      return await this.#connection.run(sql)
    } catch (error) {
      const { message } = error as Error
      throw message.includes('/ by zero') ? divisionByZero() : cannotPlan(message)
    }
  }
}

async function duckdb(): Promise<typeof DuckDB> {
  try {
    return await import('@duckdb/node-api')
  } catch (error) {
    throw new OvateError(
      'OVATE_CONFIG',
      'the sandbox needs the optional package @duckdb/node-api: npm install it',
      {
        cause: error,
      },
    )
  }
}

function typesOf(result: Awaited<ReturnType<DuckDB.DuckDBConnection['run']>>): readonly ColumnType[] {
  return result.columnTypes().map((type) => {
    const known = columnType(type)
    if (known === undefined) throw unknownForm(`a column of type ${String(type)}`)
    return known
  })
}

/** `sqlCurrentTimestamp`: ISO text or a number of ms. */
function pinnedMs(pinned: unknown): number {
  const ms = typeof pinned === 'number' ? pinned : Date.parse(words(pinned))
  if (Number.isNaN(ms)) throw new SandboxError(500, `Invalid format: "${words(pinned)}"`)
  return ms
}

/** `sqlOuterLimit`, which the tool kit sends. */
function outerLimit({ sqlOuterLimit: limit }: SandboxQuery['context']): number | undefined {
  return typeof limit === 'number' && Number.isSafeInteger(limit) && limit >= 0 ? limit : undefined
}

function outerLimited(translated: Translated, context: SandboxQuery['context']): Translated {
  const limit = outerLimit(context)
  if (limit === undefined) return translated
  return { ...translated, sql: `SELECT * FROM (${translated.sql}) LIMIT ${limit}` }
}

function cutOutside(selection: Selection, context: SandboxQuery['context']): Selection {
  const limit = outerLimit(context)
  if (limit === undefined) return selection
  const { limits } = selection
  return { ...selection, limits: { ...limits, limit: Math.min(limit, limits.limit ?? limit) } }
}

/** Druid 33 writes no head for columns of one name and of several types; without one it gives their rows. */
function checkHead(names: readonly string[], types: readonly ColumnType[]): void {
  const known = new Map<string, string>()
  for (const [index, name] of names.entries()) {
    const type = types[index]?.native ?? ''
    const before = known.get(name) ?? type
    if (before !== type) throw conflictingTypes(name, before, type)
    known.set(name, type)
  }
}

function checkRights(user: SandboxUser | undefined, { tables }: Translated): void {
  if (!tables.every((name) => mayRead(user, name))) throw unauthorized()
}
