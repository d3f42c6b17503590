// Queries of Druid SQL → one query of DuckDB, with the names that Druid would give its columns.
import { type Token } from '../sql/lexer.ts'
import { Cursor } from './cursor.ts'
import { cannotPlan, SandboxError, unknownForm } from './errors.ts'
import { ExpressionReader, type Scope } from './expression.ts'
import { type Case, type Found } from './found.ts'
import { checkScan, type Sorting } from './order.ts'
import {
  both,
  closedSource,
  type Grouping,
  isAggregated,
  type Item,
  type Limits,
  openSource,
  type Selection,
  selectionSql,
  type Source,
} from './selection.ts'
import { quoted } from './store.ts'
import { CLAUSES, type Surroundings } from './surroundings.ts'

export interface Translated {
  /** Its columns are c0, c1 … in the order of `names`. */
  readonly sql: string
  readonly names: readonly string[]
  /** Whether a text is CHAR to Druid. */
  readonly chars: readonly boolean[]
  /** Datasources that it reads. */
  readonly tables: readonly string[]
  /** Its parts, when it is one SELECT. */
  readonly selection: Selection | undefined
}

/** One SELECT. */
interface Read extends Omit<Translated, 'tables'> {
  readonly selection: Selection
}

/** What stands in FROM: a SELECT inside may be merged with the one around it, which `open` is for. */
interface Sources {
  readonly closed: Source
  readonly open: Source
}

const DEPTH_MAX = 5

/** @throws SandboxError for statements of another form than the sandbox knows. */
export function translate(sql: string, surroundings: Surroundings): Translated {
  const reader = new SelectReader(new Cursor(sql), surroundings)
  return reader.statement()
}

class SelectReader {
  readonly #cursor: Cursor
  readonly #surroundings: Surroundings
  readonly #tables = new Set<string>()
  readonly #found: Found = { aggregate: false, aggregates: new Map(), case: undefined }

  constructor(cursor: Cursor, surroundings: Surroundings) {
    this.#cursor = cursor
    this.#surroundings = surroundings
  }

  statement(): Translated {
    const first = this.#select(0)
    const branches = [first.sql]
    while (this.#cursor.takes('UNION', 'ALL')) branches.push(this.#select(0).sql)
    if (!this.#cursor.ended) throw this.#cursor.unexpected()
    const tables = [...this.#tables].toSorted()
    if (branches.length === 1) return { ...first, tables }
    const sql = branches.map((branch) => `(${branch})`).join(' UNION ALL ')
    return { ...first, sql, tables, selection: undefined }
  }

  #select(depth: number): Read {
    if (depth > DEPTH_MAX) throw unknownForm('subqueries nested that deep')
    this.#cursor.expect('SELECT')
    const distinct = this.#cursor.takes('DISTINCT')
    // The source decides which names there are, so it is read before the list in front of it.
    const listAt = this.#cursor.position
    this.#skipList()
    const sources = this.#cursor.takes('FROM') ? this.#from(depth) : undefined
    const restAt = this.#cursor.position
    // Only one that chooses, orders and cuts is merged with a SELECT that groups.
    const isWrapper = !distinct && !['WHERE', 'GROUP', 'HAVING'].some((word) => this.#cursor.sees(word))
    const { items, from } = this.#itemsOver(sources, { listAt, isWrapper })
    this.#cursor.rewind(restAt)
    const selection = this.#rest(items, from, distinct)
    return {
      sql: selectionSql(selection, this.#surroundings.topN),
      names: items.map(({ name }) => name),
      chars: items.map(({ char }) => char),
      selection,
    }
  }

  #itemsOver(
    sources: Sources | undefined,
    { listAt, isWrapper }: { readonly listAt: number; readonly isWrapper: boolean },
  ): { readonly items: Item[]; readonly from: Source | undefined } {
    this.#cursor.rewind(listAt)
    const items = this.#list(sources?.open.columns ?? [])
    const isMerged =
      sources?.open.grouped === undefined || (isWrapper && !items.some(({ aggregate }) => aggregate))
    if (isMerged) return { items, from: sources?.open }
    this.#cursor.rewind(listAt)
    return { items: this.#list(sources.closed.columns), from: sources.closed }
  }

  #skipList(): void {
    let depth = 0
    while (!this.#cursor.ended) {
      if (depth === 0 && ['FROM', 'UNION', 'LIMIT', 'ORDER'].some((word) => this.#cursor.sees(word))) return
      if (this.#cursor.sees('(')) depth += 1
      if (this.#cursor.sees(')')) depth -= 1
      if (depth < 0) return
      this.#cursor.next()
    }
  }

  #from(depth: number): Sources {
    if (this.#cursor.takes('(')) {
      const inner = this.#select(depth + 1)
      this.#cursor.expect(')')
      this.#alias()
      const closed = closedSource(inner.sql, inner.names)
      return { closed, open: openSource(inner.selection) ?? closed }
    }
    const token = this.#cursor.peek()
    const [first, second] = [this.#cursor.name(), this.#cursor.takes('.') ? this.#cursor.name() : undefined]
    const [schema, name] = second === undefined ? [undefined, first] : [first, second]
    const relation = this.#surroundings.relation(schema, name)
    if (relation === undefined) throw this.#notFound(`Object '${name}' not found`, token)
    const direct = schema === undefined || schema === 'druid'
    if (direct) this.#tables.add(name)
    this.#alias()
    if (['JOIN', 'INNER', 'LEFT', 'CROSS', ','].some((word) => this.#cursor.sees(word)))
      throw unknownForm('a join')
    const source: Source = {
      sql: relation.source(),
      columns: relation.columns.map((column) => [column, quoted(column)]),
      table: direct ? name : undefined,
      direct,
      where: '',
      grouped: undefined,
    }
    return { closed: source, open: source }
  }

  #notFound(message: string, token: Token | undefined): SandboxError {
    return token === undefined ? this.#cursor.unexpected() : this.#cursor.errorAt(token, message)
  }

  #alias(): void {
    const explicit = this.#cursor.takes('AS')
    const token = this.#cursor.peek()
    if (explicit || token?.kind === 'quoted') this.#cursor.name()
    else if (token?.kind === 'identifier' && !CLAUSES.has(token.text.toUpperCase())) this.#cursor.name()
  }

  #list(columns: Source['columns']): Item[] {
    const items: Item[] = []
    do {
      if (this.#cursor.takes('*')) {
        items.push(
          ...columns.map(([name, expression]) => ({ expression, name, aggregate: false, char: false })),
        )
      } else items.push(this.#item(columns, items.length))
    } while (this.#cursor.takes(','))
    return items
  }

  #item(columns: Source['columns'], index: number): Item {
    const plainName = this.#columnAhead()
    const { text: expression, aggregate, char } = this.#expression(new Map(columns))
    const aliased = this.#cursor.takes('AS') || this.#cursor.peek()?.kind === 'quoted' || this.#bareAlias()
    const name = aliased ? this.#cursor.name() : (plainName ?? `EXPR$${index}`)
    return { expression, name, aggregate, char }
  }

  #bareAlias(): boolean {
    const token = this.#cursor.peek()
    return token?.kind === 'identifier' && !CLAUSES.has(token.text.toUpperCase())
  }

  /** The name of an item that is a column and nothing else. */
  #columnAhead(): string | undefined {
    const at = this.#cursor.position
    const token = this.#cursor.next()
    const first = token.kind === 'identifier' || token.kind === 'quoted' ? token.value : undefined
    const name = first !== undefined && this.#cursor.takes('.') ? this.#cursor.name() : first
    const next = this.#cursor.peek()
    const ends =
      next === undefined || next.text === ',' || next.text === ')' || CLAUSES.has(next.text.toUpperCase())
    this.#cursor.rewind(at)
    return ends ? name : undefined
  }

  #expression(names: ReadonlyMap<string, string>): {
    readonly text: string
    readonly aggregate: boolean
    readonly char: boolean
  } {
    const { nowMs, zone, parameters } = this.#surroundings
    const scope: Scope = { names, nowMs, zone, parameters }
    this.#found.aggregate = false
    const text = new ExpressionReader(this.#cursor, scope, this.#found).read()
    return { text, aggregate: this.#found.aggregate, char: isChar(text, this.#found.case) }
  }

  #rest(items: readonly Item[], from: Source | undefined, distinct: boolean): Selection {
    const names = new Map(from?.columns)
    const where = this.#cursor.takes('WHERE') ? this.#expression(names).text : ''
    const grouping = from?.grouped ?? this.#grouping(items, names)
    const order = this.#cursor.takes('ORDER', 'BY') ? this.#order(items, names) : []
    const selection: Selection = {
      items,
      distinct,
      from,
      where: both(from?.where ?? '', where),
      groups: grouping.groups,
      having: grouping.having,
      order,
      limits: this.#limits(),
      aggregates: this.#found.aggregates,
    }
    if (!distinct && !isAggregated(selection) && from?.direct === true) checkScan(order)
    return selection
  }

  #grouping(
    items: readonly Item[],
    names: ReadonlyMap<string, string>,
  ): Pick<Grouping, 'having'> & { readonly groups: Grouping['groups'] | undefined } {
    const groups = this.#cursor.takes('GROUP', 'BY') ? this.#groups(items, names) : undefined
    const having = this.#cursor.takes('HAVING') ? this.#expression(withAliases(names, items)).text : ''
    return { groups, having }
  }

  #groups(items: readonly Item[], names: ReadonlyMap<string, string>): string[] {
    if (this.#cursor.takes('(', ')')) return []
    const groups: string[] = []
    do groups.push(this.#ordinal(items) ?? this.#expression(new Map([...aliases(items), ...names])).text)
    while (this.#cursor.takes(','))
    return [...new Set(groups)]
  }

  #order(items: readonly Item[], names: ReadonlyMap<string, string>): Sorting[] {
    const order: Sorting[] = []
    do {
      const expression = this.#orderItem(items, names)
      const descending = this.#cursor.takes('DESC')
      if (!descending) this.#cursor.takes('ASC')
      const explicit = this.#cursor.takes('NULLS')
      // Nothing else is supported by Druid 33: nulls are the least.
      if (explicit && !this.#cursor.takes(descending ? 'LAST' : 'FIRST')) {
        const name = descending
          ? 'DESCENDING ordering with NULLS FIRST'
          : 'ASCENDING ordering with NULLS LAST'
        throw cannotPlan(`${name} is not supported!`)
      }
      // A key that was there before decides nothing, and Druid drops it.
      if (!order.some((key) => key.expression === expression))
        order.push({ expression, descending, explicit })
    } while (this.#cursor.takes(','))
    return order
  }

  /** An ordinal, an alias of the list, or any expression. */
  #orderItem(items: readonly Item[], names: ReadonlyMap<string, string>): string {
    const ordinal = this.#ordinal(items)
    if (ordinal !== undefined) return ordinal
    const alias = this.#columnAhead()
    const item = alias === undefined ? undefined : items.find(({ name }) => name === alias)
    if (item === undefined) return this.#expression(withAliases(names, items)).text
    do this.#cursor.name()
    while (this.#cursor.takes('.'))
    return item.expression
  }

  #ordinal(items: readonly Item[]): string | undefined {
    const token = this.#cursor.peek()
    if (token?.kind !== 'number' || !/^\d+$/.test(token.text)) return undefined
    const item = items[Number(token.text) - 1]
    if (item === undefined) throw new SandboxError(400, 'Ordinal out of range')
    this.#cursor.next()
    return item.expression
  }

  #limits(): Limits {
    const limit = this.#cursor.takes('LIMIT') ? this.#count() : undefined
    const offset = this.#cursor.takes('OFFSET') ? this.#count() : 0
    return { limit, offset: offset === 0 ? undefined : offset }
  }

  #count(): number {
    const { text } = this.#expression(new Map())
    if (!/^\d{1,15}$/.test(text)) throw unknownForm(`LIMIT ${text}`)
    return Number(text)
  }
}

const LITERAL = /^'(?:[^']|'')*'$/

function isChar(text: string, last: Case | undefined): boolean {
  const texts = last?.text === text ? last.results : [text]
  const [first = ''] = texts
  return texts.every((one) => LITERAL.test(one) && one.length === first.length)
}

function aliases(items: readonly Item[]): readonly (readonly [string, string])[] {
  return items.map(({ name, expression }) => [name, expression])
}

/** Where an alias hides a column of its name. */
function withAliases(
  names: ReadonlyMap<string, string>,
  items: readonly Item[],
): ReadonlyMap<string, string> {
  return new Map([...names, ...aliases(items)])
}
