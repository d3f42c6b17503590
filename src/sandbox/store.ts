// Tables made of segments, on an embedded DuckDB: a query sees the rows of the segments that are visible.
import type { DuckDBConnection } from '@duckdb/node-api'
import { instantText } from '../time/instant-text.ts'
import { SandboxError } from './errors.ts'
import { words } from './words.ts'

export type ColumnKind = 'VARCHAR' | 'BIGINT' | 'DOUBLE' | 'FLOAT' | 'TIMESTAMP'

export interface SegmentState {
  /** Chunk of rows in the table behind. */
  readonly chunk: number
  readonly startMs: number
  readonly endMs: number
  readonly version: string
  readonly partition: number
  /** Served by realtime tasks only, until it is handed off. */
  readonly realtime: boolean
  readonly used: boolean
}

export const DAY_MS = 86_400_000
const VERSIONS_FROM_MS = Date.UTC(2026, 0, 1)

export class SandboxTable {
  readonly name: string
  readonly #connection: DuckDBConnection
  readonly #columns: Map<string, ColumnKind>
  #segments: SegmentState[] = []
  #nextChunk = 1
  #nextVersion = 1
  #lastChange: Promise<void> = Promise.resolve()

  constructor(connection: DuckDBConnection, name: string, columns: ReadonlyMap<string, ColumnKind>) {
    this.name = name
    this.#connection = connection
    this.#columns = new Map(columns)
  }

  get columns(): ReadonlyMap<string, ColumnKind> {
    return this.#columns
  }

  /** Makes the table behind. Must run before anything else. */
  async create(): Promise<void> {
    const columns = [...this.#columns].map(([name, kind]) => `${quoted(name)} ${kind}`)
    await this.#connection.run(`CREATE TABLE ${this.#behind} (chunk INTEGER, ${columns.join(', ')})`)
  }

  /** What stands in FROM for this table now. */
  source(): string {
    const chunks = this.visible().map(({ chunk }) => chunk)
    const columns = [...this.#columns.keys()].map(quoted).join(', ')
    return `(SELECT ${columns} FROM ${this.#behind} WHERE chunk IN (${[0, ...chunks].join(', ')}))`
  }

  /** Segments that queries see. */
  visible(): readonly SegmentState[] {
    const used = this.#segments.filter((segment) => segment.used)
    // A day's highest version hides all others.
    const newest = new Map<number, string>()
    for (const { startMs, version } of used)
      if (version > (newest.get(startMs) ?? '')) newest.set(startMs, version)
    return used.filter(({ startMs, version }) => newest.get(startMs) === version)
  }

  /**
   * Adds rows, each a map of its columns with `__time` in ms; each day gets a new partition of its segment's version.
   * `realtime` rows join the realtime segment of their day, and its name stays as rows arrive.
   */
  async append(rows: readonly Readonly<Record<string, unknown>>[], realtime = false): Promise<void> {
    const days = grouped(rows, (row) => Math.floor(Number(row['__time']) / DAY_MS) * DAY_MS)
    await this.#inTurn(async () => {
      for (const [day, ofDay] of days) {
        const segment = this.#segmentFor(day, realtime)
        await this.#insert(ofDay, segment.chunk)
        this.#publish(segment)
      }
    })
  }

  /** Fills a day from a SELECT of DuckDB that gives all columns in order. */
  async fill(dayMs: number, select: string): Promise<void> {
    await this.#inTurn(async () => {
      const segment = this.#segmentFor(dayMs, false)
      await this.#connection.run(`INSERT INTO ${this.#behind} SELECT ${segment.chunk}, * FROM (${select})`)
      this.#publish(segment)
    })
  }

  /** Writes days anew under a new version; `change` are expressions of DuckDB by column. */
  reindex(startMs: number, endMs: number, change: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#inTurn(() => this.#rewrite(startMs, endMs, change))
  }

  async #rewrite(startMs: number, endMs: number, change: Readonly<Record<string, string>>): Promise<void> {
    const old = this.#within(startMs, endMs)
    const columns = [...this.#columns.keys()].map((name) => change[name] ?? quoted(name)).join(', ')
    for (const [day, segments] of grouped(old, (segment) => segment.startMs)) {
      const chunks = segments.map(({ chunk }) => chunk).join(', ')
      const fresh = this.#segmentOf(day, { realtime: false, version: this.#version(), partition: 0 })
      await this.#connection.run(
        `INSERT INTO ${this.#behind} SELECT ${fresh.chunk}, ${columns} FROM ${this.#behind} WHERE chunk IN (${chunks})`,
      )
      this.#segments = [...this.#segments.filter((segment) => !segments.includes(segment)), fresh]
    }
  }

  /** The same rows in one new version. */
  compact(startMs: number, endMs: number): Promise<void> {
    return this.reindex(startMs, endMs)
  }

  drop(startMs: number, endMs: number): void {
    this.#mark(startMs, endMs, false)
  }

  restore(startMs: number, endMs: number): void {
    this.#mark(startMs, endMs, true)
  }

  /** A historical takes the realtime segments over: nothing changes but who serves them. */
  handOff(): void {
    this.#segments = this.#segments.map((segment) => ({ ...segment, realtime: false }))
  }

  async addColumn(name: string, kind: ColumnKind): Promise<void> {
    await this.#inTurn(async () => {
      await this.#connection.run(`ALTER TABLE ${this.#behind} ADD COLUMN ${quoted(name)} ${kind}`)
      this.#columns.set(name, kind)
    })
  }

  get #behind(): string {
    return quoted(`rows of ${this.name}`)
  }

  #segmentFor(day: number, realtime: boolean): SegmentState {
    const open = this.visible().find((segment) => segment.realtime && segment.startMs === day)
    if (realtime && open !== undefined) return open
    const latest = this.visible().findLast((segment) => segment.startMs === day)
    const version = latest?.version ?? this.#version()
    const partition = this.#segments.filter((one) => one.startMs === day && one.version === version).length
    return this.#segmentOf(day, { realtime, version, partition })
  }

  /** Not before its rows are there: who sees a segment in a list must find its rows. */
  #publish(segment: SegmentState): void {
    if (!this.#segments.includes(segment)) this.#segments.push(segment)
  }

  /** One change after the other, whatever became of the one before. */
  async #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#lastChange.then(change)
    this.#lastChange = turn.catch(() => undefined)
    await turn
  }

  #segmentOf(day: number, more: Pick<SegmentState, 'realtime' | 'version' | 'partition'>): SegmentState {
    const chunk = this.#nextChunk
    this.#nextChunk += 1
    return { chunk, startMs: day, endMs: day + DAY_MS, used: true, ...more }
  }

  #within(startMs: number, endMs: number): SegmentState[] {
    return this.visible().filter((one) => one.startMs >= startMs && one.endMs <= endMs)
  }

  #mark(startMs: number, endMs: number, used: boolean): void {
    this.#segments = this.#segments.map((segment) =>
      segment.startMs >= startMs && segment.endMs <= endMs ? { ...segment, used } : segment,
    )
  }

  #version(): string {
    const version = new Date(VERSIONS_FROM_MS + this.#nextVersion).toISOString()
    this.#nextVersion += 1
    return version
  }

  async #insert(rows: readonly Readonly<Record<string, unknown>>[], chunk: number): Promise<void> {
    const names = [...this.#columns]
    const values = rows.map(
      (row) => `(${chunk}, ${names.map(([name, kind]) => literal(row[name], kind)).join(', ')})`,
    )
    if (values.length > 0)
      await this.#connection.run(`INSERT INTO ${this.#behind} VALUES ${values.join(', ')}`)
  }
}

function grouped<Item>(items: readonly Item[], key: (item: Item) => number): Map<number, Item[]> {
  const groups = new Map<number, Item[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

/** A name as DuckDB and Druid both quote it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as DuckDB and Druid both write it. */
export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** An instant as DuckDB writes it, which reads years as Druid writes them. */
export function instantLiteral(ms: number): string {
  if (!Number.isFinite(ms)) throw new SandboxError(400, 'no such instant')
  return `TIMESTAMP '${instantText(ms).slice(0, -1)}'`
}

function literal(value: unknown, kind: ColumnKind): string {
  if (value === null || value === undefined) return 'NULL'
  if (kind === 'TIMESTAMP') return instantLiteral(Number(value))
  if (kind === 'VARCHAR') return textLiteral(words(value))
  return `${words(value)}::${kind}`
}
