// The Brokers' request logs: what really reached Druid.
import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson, sql } from './http.ts'
import { waitUntil, within } from './wait.ts'

/** A place in a Broker's request log: everything before it is old. Bytes by file name, one file per day. */
export type Mark = Readonly<Record<string, number>>

export type LoggedQuery = LoggedSql | LoggedNative

interface LoggedSql {
  readonly kind: 'sql'
  /** `EXPLAIN PLAN FOR …`, a statement that ends in `LIMIT 0`, or one that asks for data. */
  readonly statement: 'explain' | 'limit-0' | 'data'
  readonly sql: string
  readonly sqlQueryId: string
  readonly context: Readonly<Record<string, unknown>>
  readonly success: boolean
}

interface LoggedNative {
  readonly kind: 'native'
  readonly queryType: string
  /** Datasource names, also those inside of joins, unions and subqueries; none for inline rows and lookups. */
  readonly datasources: readonly string[]
  readonly intervals: readonly string[]
  readonly context: Readonly<Record<string, unknown>>
  readonly beganAtMs: number
  /** The SQL statement that it was planned from; undefined when it was sent as a native query. */
  readonly sqlQueryId: string | undefined
  readonly success: boolean
}

export interface QueryCounts {
  /** SQL statements that asked for data. */
  readonly sql: number
  readonly explain: number
  readonly limit0: number
  /** Native queries that read a datasource, both sent as such and planned from SQL. `LIMIT 0` makes one that reads none. */
  readonly native: number
  /** Those of them that were sent as such. */
  readonly nativeSent: number
  /** The intervals of all of them. */
  readonly intervals: readonly string[]
}

const SETTLE_MS = 15_000
const SETTLE_PREFIX = 'ovate-settle-'

/** The request log of one Broker. */
export class RequestLog {
  readonly #dir: string
  readonly #url: string

  constructor(dir: string, brokerUrl: string) {
    this.#dir = dir
    this.#url = brokerUrl
  }

  /** The end of the log as it is now, after all that this Broker has answered already was written. */
  async mark(signal?: AbortSignal): Promise<Mark> {
    await this.#settle(signal)
    return this.#end()
  }

  /** What was answered since the mark, in order, settled first. Queries still running are not in it. */
  async since(mark: Mark, signal?: AbortSignal): Promise<readonly LoggedQuery[]> {
    await this.#settle(signal)
    return this.#read(mark)
  }

  /** `since`, counted. */
  async countsSince(mark: Mark, signal?: AbortSignal): Promise<QueryCounts> {
    return countQueries(await this.since(mark, signal))
  }

  /** Druid writes a line after it sent the answer's end: a statement of our own tells when earlier ones are in. */
  async #settle(signal?: AbortSignal): Promise<void> {
    const deadline = within(SETTLE_MS, signal)
    const from = this.#end()
    const sqlQueryId = `${SETTLE_PREFIX}${randomUUID()}`
    parseJson(await sql(this.#url, { query: 'SELECT 1', context: { sqlQueryId } }, deadline))
    const written = (): boolean => this.#lines(from).some((line) => line.includes(sqlQueryId))
    await waitUntil(`the request log of ${this.#url}`, written, deadline)
  }

  #end(): Mark {
    return Object.fromEntries(this.#files().map((file) => [file, statSync(join(this.#dir, file)).size]))
  }

  #read(mark: Mark): readonly LoggedQuery[] {
    return this.#lines(mark)
      .filter((line) => !line.includes(SETTLE_PREFIX))
      .map(parseLine)
      .filter((query) => query !== undefined)
  }

  #lines(mark: Mark): readonly string[] {
    // The last piece is empty, or a line not yet written to its end.
    return this.#files().flatMap((file) =>
      readFrom(join(this.#dir, file), mark[file] ?? 0)
        .split('\n')
        .slice(0, -1),
    )
  }

  #files(): readonly string[] {
    return existsSync(this.#dir) ? readdirSync(this.#dir).toSorted() : []
  }
}

/** Counts queries by what they ask for. */
export function countQueries(queries: readonly LoggedQuery[]): QueryCounts {
  const statements = queries.filter((query) => query.kind === 'sql').map(({ statement }) => statement)
  const native = queries
    .filter((query) => query.kind === 'native')
    .filter(({ datasources }) => datasources.length > 0)
  return {
    sql: statements.filter((statement) => statement === 'data').length,
    explain: statements.filter((statement) => statement === 'explain').length,
    limit0: statements.filter((statement) => statement === 'limit-0').length,
    native: native.length,
    nativeSent: native.filter(({ sqlQueryId }) => sqlQueryId === undefined).length,
    intervals: native.flatMap(({ intervals }) => intervals),
  }
}

/**
 * One line of the log: tab-separated. Native: time, address, statistics, query. SQL: time, address, nothing,
 * statistics, `{"query", "context"}`. Seen on Druid 33.0.0; a text holds its tabs escaped, as JSON does.
 */
export function parseLine(line: string): LoggedQuery | undefined {
  const [time = '', , first = '', second = '', third = ''] = line.split('\t')
  if (first === '') return sqlOf(parsed(third), succeeded(second))
  return nativeOf(parsed(second), Date.parse(time), succeeded(first))
}

function succeeded(stats: string): boolean {
  return (parsed(stats) ?? {})['success'] === true
}

type Json = Readonly<Record<string, unknown>>

function sqlOf(body: Json | undefined, success: boolean): LoggedSql | undefined {
  if (body === undefined) return undefined
  const text = typeof body['query'] === 'string' ? body['query'] : ''
  const context = objectOf(body['context'])
  return {
    kind: 'sql',
    statement: statementOf(text),
    sql: text,
    sqlQueryId: String(context['sqlQueryId']),
    context,
    success,
  }
}

function nativeOf(query: Json | undefined, beganAtMs: number, success: boolean): LoggedNative | undefined {
  if (query === undefined) return undefined
  const context = objectOf(query['context'])
  const id = context['sqlQueryId']
  return {
    kind: 'native',
    queryType: String(query['queryType']),
    datasources: [...new Set(datasourcesOf(query['dataSource']))],
    intervals: intervalsOf(query),
    context,
    beganAtMs,
    sqlQueryId: typeof id === 'string' ? id : undefined,
    success,
  }
}

/** What a statement asks for, by its text. */
export function statementOf(text: string): LoggedSql['statement'] {
  if (/^\s*explain\s/i.test(text)) return 'explain'
  return /\slimit\s+0\s*;?\s*$/i.test(text) ? 'limit-0' : 'data'
}

/** The query's own intervals; those of the innermost query when it reads another one's result. */
function intervalsOf(query: Json): readonly string[] {
  const dataSource = objectOf(query['dataSource'])
  if (dataSource['type'] === 'query') return intervalsOf(objectOf(dataSource['query']))
  const intervals = query['intervals']
  const list = Array.isArray(intervals) ? intervals : objectOf(intervals)['intervals']
  return Array.isArray(list) ? list.map(String) : []
}

function datasourcesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(datasourcesOf)
  const source = objectOf(value)
  if (source['type'] === 'inline' || source['type'] === 'lookup') return []
  if (source['type'] === 'table') return [String(source['name'])]
  const parts = [
    source['base'],
    source['left'],
    source['right'],
    source['dataSources'],
    objectOf(source['query'])['dataSource'],
  ]
  return parts.filter((part) => part !== undefined).flatMap(datasourcesOf)
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function parsed(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function readFrom(file: string, start: number): string {
  const handle = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(Math.max(0, statSync(file).size - start))
    const read = readSync(handle, bytes, 0, bytes.length, start)
    return bytes.subarray(0, read).toString()
  } finally {
    closeSync(handle)
  }
}
