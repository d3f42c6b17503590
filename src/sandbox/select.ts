// Queries of Druid SQL → one query of DuckDB, with the names that Druid would give its columns.
import { type Token } from '../sql/lexer.ts'
import { Cursor } from './cursor.ts'
import { cannotPlan, SandboxError, unknownForm } from './errors.ts'
import { type Case, ExpressionReader, type Found, type Scope } from './expression.ts'
import { checkScan, fullOrder, type Sorting } from './order.ts'
import { quoted } from './store.ts'

/** A datasource as a query meets it. */
export interface Relation {
  readonly columns: readonly string[]
  /** What stands in FROM. */
  source(): string
}

export interface Surroundings {
  /** The datasource of that name, or undefined. */
  relation(schema: string | undefined, name: string): Relation | undefined
  readonly nowMs: number
  readonly zone: string
  /** Whether one dimension, one order and a limit make a topN, which has an order of its own for nulls. */
  readonly topN: boolean
  readonly parameters: readonly string[]
}

export interface Translated {
  /** Its columns are c0, c1 … in the order of `names`. */
  readonly sql: string
  readonly names: readonly string[]
  /** Whether a text is CHAR to Druid. */
  readonly chars: readonly boolean[]
  /** Datasources that it reads. */
  readonly tables: readonly string[]
}

interface Item {
  readonly expression: string
  readonly name: string
  readonly aggregate: boolean
  /** Texts of one length, known from the statement: CHAR rather than VARCHAR. */
  readonly char: boolean
}

/** What stands in FROM. */
interface Source {
  readonly sql: string
  readonly columns: readonly string[]
  /** Rather than a subquery or one of Druid's own tables. */
  readonly datasource: boolean
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
  readonly #found: Found = { aggregate: false, case: undefined }

  constructor(cursor: Cursor, surroundings: Surroundings) {
    this.#cursor = cursor
    this.#surroundings = surroundings
  }

  statement(): Translated {
    const first = this.#select(0)
    const branches = [first.sql]
    while (this.#cursor.takes('UNION', 'ALL')) branches.push(this.#select(0).sql)
    if (!this.#cursor.ended) throw this.#cursor.unexpected()
    const sql =
      branches.length === 1 ? first.sql : branches.map((branch) => `(${branch})`).join(' UNION ALL ')
    return { sql, names: first.names, chars: first.chars, tables: [...this.#tables].toSorted() }
  }

  #select(depth: number): Omit<Translated, 'tables'> {
    if (depth > DEPTH_MAX) throw unknownForm('subqueries nested that deep')
    this.#cursor.expect('SELECT')
    const distinct = this.#cursor.takes('DISTINCT')
    // The source decides which names there are, so it is read before the list in front of it.
    const listAt = this.#cursor.position
    this.#skipList()
    const from = this.#cursor.takes('FROM') ? this.#from(depth) : undefined
    const restAt = this.#cursor.position
    this.#cursor.rewind(listAt)
    const items = this.#list(from?.columns ?? [])
    this.#cursor.rewind(restAt)
    const rest = this.#rest(items, from, distinct)
    const columns = items.map(({ expression }, index) => `${expression} AS c${index}`).join(', ')
    const source = from === undefined ? '' : ` FROM ${from.sql}`
    return {
      sql: `SELECT ${distinct ? 'DISTINCT ' : ''}${columns}${source}${rest}`,
      names: items.map(({ name }) => name),
      chars: items.map(({ char }) => char),
    }
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

  #from(depth: number): Source {
    if (this.#cursor.takes('(')) {
      const inner = this.#select(depth + 1)
      this.#cursor.expect(')')
      this.#alias()
      const renamed = inner.names.map((name, index) => `c${index} AS ${quoted(name)}`).join(', ')
      return { sql: `(SELECT ${renamed} FROM (${inner.sql}))`, columns: inner.names, datasource: false }
    }
    const token = this.#cursor.peek()
    const [first, second] = [this.#cursor.name(), this.#cursor.takes('.') ? this.#cursor.name() : undefined]
    const [schema, name] = second === undefined ? [undefined, first] : [first, second]
    const relation = this.#surroundings.relation(schema, name)
    if (relation === undefined) throw this.#notFound(`Object '${name}' not found`, token)
    const datasource = schema === undefined || schema === 'druid'
    if (datasource) this.#tables.add(name)
    this.#alias()
    if (['JOIN', 'INNER', 'LEFT', 'CROSS', ','].some((word) => this.#cursor.sees(word)))
      throw unknownForm('a join')
    return { sql: relation.source(), columns: relation.columns, datasource }
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

  #list(columns: readonly string[]): Item[] {
    const items: Item[] = []
    do {
      if (this.#cursor.takes('*')) {
        items.push(
          ...columns.map((name) => ({ expression: quoted(name), name, aggregate: false, char: false })),
        )
      } else items.push(this.#item(columns, items.length))
    } while (this.#cursor.takes(','))
    return items
  }

  #item(columns: readonly string[], index: number): Item {
    const plainName = this.#columnAhead()
    const { text: expression, aggregate, char } = this.#expression(columnNames(columns))
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

  #rest(items: readonly Item[], from: Source | undefined, distinct: boolean): string {
    const names = columnNames(from?.columns ?? [])
    const where = this.#cursor.takes('WHERE') ? ` WHERE ${this.#expression(names).text}` : ''
    const groups = this.#cursor.takes('GROUP', 'BY') ? this.#groups(items, names) : undefined
    const having = this.#cursor.takes('HAVING')
      ? ` HAVING ${this.#expression(withAliases(names, items)).text}`
      : ''
    const keys = distinct ? items.map(({ expression }) => expression) : groups
    const order = this.#cursor.takes('ORDER', 'BY') ? this.#order(items, names) : []
    const limits = this.#limits()
    const aggregated = keys !== undefined || having !== '' || items.some(({ aggregate }) => aggregate)
    if (!aggregated && from?.datasource === true) checkScan(order)
    const topN = having === '' && !limits.includes('OFFSET') && limits !== '' && this.#topN(order, keys)
    const ordered = fullOrder(order, keys ?? [], topN).join(', ')
    const grouped = groups === undefined || groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`
    return `${where}${grouped}${having}${ordered === '' ? '' : ` ORDER BY ${ordered}`}${limits}`
  }

  /** One dimension, ordered by it or by one metric: Druid 33 takes its topN, unless told otherwise. */
  #topN([first, second]: readonly Sorting[], keys: readonly string[] | undefined): boolean {
    if (keys?.length !== 1 || first === undefined || second !== undefined) return false
    return first.expression === keys[0] || this.#surroundings.topN
  }

  #groups(items: readonly Item[], names: ReadonlyMap<string, string>): string[] {
    if (this.#cursor.takes('(', ')')) return []
    const groups: string[] = []
    do groups.push(this.#ordinal(items) ?? this.#expression(new Map([...aliases(items), ...names])).text)
    while (this.#cursor.takes(','))
    return groups
  }

  #order(items: readonly Item[], names: ReadonlyMap<string, string>): Sorting[] {
    const order: Sorting[] = []
    do {
      const expression = this.#orderItem(items, names)
      const descending = this.#cursor.takes('DESC')
      if (!descending) this.#cursor.takes('ASC')
      // Nothing else is supported by Druid 33: nulls are the least.
      if (this.#cursor.takes('NULLS') && !this.#cursor.takes(descending ? 'LAST' : 'FIRST')) {
        const name = descending
          ? 'DESCENDING ordering with NULLS FIRST'
          : 'ASCENDING ordering with NULLS LAST'
        throw cannotPlan(`${name} is not supported!`)
      }
      order.push({ expression, descending })
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

  #limits(): string {
    const limit = this.#cursor.takes('LIMIT') ? ` LIMIT ${this.#count()}` : ''
    const offset = this.#cursor.takes('OFFSET') ? ` OFFSET ${this.#count()}` : ''
    return limit + offset
  }

  #count(): string {
    const { text } = this.#expression(new Map())
    if (!/^\d{1,15}$/.test(text)) throw unknownForm(`LIMIT ${text}`)
    return text
  }
}

const LITERAL = /^'(?:[^']|'')*'$/

function isChar(text: string, last: Case | undefined): boolean {
  const texts = last?.text === text ? last.results : [text]
  const [first = ''] = texts
  return texts.every((one) => LITERAL.test(one) && one.length === first.length)
}

function columnNames(columns: readonly string[]): ReadonlyMap<string, string> {
  return new Map(columns.map((name) => [name, quoted(name)]))
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

const CLAUSES = new Set([
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'UNION',
  'AS',
  'ASC',
  'DESC',
  'NULLS',
  'JOIN',
  'INNER',
  'LEFT',
  'CROSS',
  'ON',
  'FETCH',
])
