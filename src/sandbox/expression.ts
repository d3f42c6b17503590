// Expressions of Druid SQL → expressions of DuckDB, by precedence, straight from the tokens.
import { type Token } from '../sql/lexer.ts'
import { castTo } from './casts.ts'
import { type Cursor } from './cursor.ts'
import { SandboxError, unknownForm } from './errors.ts'
import { type AggregateCall, conjunction, filtered, type Found } from './found.ts'
import { call, isAggregate } from './functions.ts'
import { instantLiteral, textLiteral } from './store.ts'
import { added, cut, timeExtract, timeUnit } from './times.ts'
import { foldedMs } from './zones.ts'

/** What an expression may refer to. */
export interface Scope {
  /** Columns of the source, and aliases where they count, each with what stands for it. */
  readonly names: ReadonlyMap<string, string>
  readonly nowMs: number
  /** The session's: what clocks without a zone mean. */
  readonly zone: string
  /** Values of `?`, as expressions of DuckDB, in order. */
  readonly parameters: readonly string[]
}

const COMPARISONS = ['=', '<>', '!=', '<=', '>=', '<', '>']
/** Texts that are times beside a time. */
const TIME_TEXT = /^'\d{4}-\d\d-\d\d[^']*'$/
const TIME = /\b(?:make_timestamp|TIMESTAMP|druid_time)\b/
const INTERVAL = /^INTERVAL (\d+) (\w+)$/

export class ExpressionReader {
  readonly #cursor: Cursor
  readonly #scope: Scope
  readonly #found: Found

  constructor(cursor: Cursor, scope: Scope, found: Found) {
    this.#cursor = cursor
    this.#scope = scope
    this.#found = found
  }

  /** One expression, as DuckDB writes it. */
  read(): string {
    let left = this.#and()
    while (this.#cursor.takes('OR')) left = `(${left} OR ${this.#and()})`
    return left
  }

  #and(): string {
    let left = this.#not()
    while (this.#cursor.takes('AND')) left = conjunction(left, this.#not())
    return left
  }

  #not(): string {
    return this.#cursor.takes('NOT') ? `(NOT ${this.#not()})` : this.#predicate()
  }

  #predicate(): string {
    let left = this.#sum()
    for (;;) {
      const next = this.#comparison(left)
      if (next === undefined) return left
      left = next
    }
  }

  #comparison(left: string): string | undefined {
    const operator = COMPARISONS.find((one) => this.#cursor.takes(one))
    if (operator !== undefined) {
      const right = this.#sum()
      return `(${this.#beside(left, right)} ${operator} ${this.#beside(right, left)})`
    }
    if (this.#cursor.takes('IS')) return this.#is(left)
    const not =
      this.#cursor.sees('NOT') && ['IN', 'BETWEEN', 'LIKE'].some((word) => this.#cursor.sees('NOT', word))
    if (not) this.#cursor.expect('NOT')
    const negation = not ? 'NOT ' : ''
    if (this.#cursor.takes('IN')) return `(${left} ${negation}IN ${this.#list(left)})`
    if (this.#cursor.takes('BETWEEN')) {
      const low = this.#beside(this.#sum(), left)
      this.#cursor.expect('AND')
      return `(${left} ${negation}BETWEEN ${low} AND ${this.#beside(this.#sum(), left)})`
    }
    if (!this.#cursor.takes('LIKE')) return undefined
    const pattern = this.#sum()
    const escape = this.#cursor.takes('ESCAPE') ? ` ESCAPE ${this.#sum()}` : ''
    return `(${left} ${negation}LIKE ${pattern}${escape})`
  }

  #beside(text: string, other: string): string {
    if (TIME_TEXT.test(text)) return this.#folded(`druid_beside(${text}, ${other}, ${this.#zone})`)
    return isConstantTime(text) ? this.#folded(text) : text
  }

  /** Druid folds a constant as a whole, and what is within it is exact, but for literals and now. */
  #folded(time: string): string {
    return this.#scope.zone === 'UTC' ? time : `druid_folded(${time}, ${this.#zone})`
  }

  get #zone(): string {
    return textLiteral(this.#scope.zone)
  }

  #is(left: string): string {
    const not = this.#cursor.takes('NOT') ? 'NOT ' : ''
    if (this.#cursor.takes('DISTINCT', 'FROM')) return `(${left} IS ${not}DISTINCT FROM ${this.#sum()})`
    const word = ['NULL', 'TRUE', 'FALSE'].find((one) => this.#cursor.takes(one))
    if (word === undefined) throw unknownForm('IS')
    return `(${left} IS ${not}${word})`
  }

  #list(left: string): string {
    this.#cursor.expect('(')
    if (this.#cursor.sees('SELECT')) throw unknownForm('IN with a subquery')
    const items = this.#items().map((item) => this.#beside(item, left))
    return `(${items.join(', ')})`
  }

  /** Expressions up to the closing bracket. */
  #items(): string[] {
    const items: string[] = []
    if (this.#cursor.takes(')')) return items
    do items.push(this.read())
    while (this.#cursor.takes(','))
    this.#cursor.expect(')')
    return items
  }

  #sum(): string {
    let left = this.#product()
    for (;;) {
      const operator = ['+', '-', '||'].find((one) => this.#cursor.takes(one))
      if (operator === undefined) return left
      const right = this.#product()
      const [, count, unit] = INTERVAL.exec(right) ?? []
      left =
        unit === undefined
          ? `(${left} ${operator} ${right})`
          : added(left, `(${operator}${count ?? ''}) * INTERVAL 1 ${unit}`, unit, this.#scope.zone)
    }
  }

  #product(): string {
    let left = this.#unary()
    for (;;) {
      const operator = ['*', '/'].find((one) => this.#cursor.takes(one))
      if (operator === undefined) return left
      const right = this.#unary()
      left = operator === '/' ? `druid_divide(${left}, ${right})` : `(${left} * ${right})`
    }
  }

  #unary(): string {
    if (this.#cursor.takes('-')) return `(- ${this.#unary()})`
    return this.#cursor.takes('+') ? this.#unary() : this.#primary()
  }

  #primary(): string {
    const token = this.#cursor.next()
    switch (token.kind) {
      case 'number':
        return /^\d+$/.test(token.text) ? token.text : `CAST(${token.text} AS DOUBLE)`
      case 'string':
        return textLiteral(token.value)
      case 'parameter':
        return this.#parameter(token)
      case 'quoted':
        return this.#reference(token)
      case 'identifier':
        return this.#word(token)
      case 'operator':
        if (token.text !== '(') throw unknownForm(`${token.text} where an expression is due`)
        return this.#bracket()
      case 'hint':
        throw unknownForm('a hint')
    }
  }

  #bracket(): string {
    if (this.#cursor.sees('SELECT')) throw unknownForm('a query within an expression')
    const inner = this.read()
    this.#cursor.expect(')')
    return inner === 'TRUE' ? inner : `(${inner})`
  }

  #parameter(token: Token): string {
    const value = this.#scope.parameters[this.#cursor.parametersBefore(token)]
    if (value === undefined) throw new SandboxError(400, 'No value bound for parameter')
    return value
  }

  #now(): string {
    const { nowMs, zone } = this.#scope
    return instantLiteral(foldedMs(nowMs, zone))
  }

  #word(token: Token): string {
    const word = token.text.toUpperCase()
    switch (word) {
      case 'NULL':
      case 'TRUE':
      case 'FALSE':
        return word
      case 'CURRENT_TIMESTAMP':
      case 'LOCALTIMESTAMP':
        return this.#now()
      case 'CURRENT_DATE':
        return `druid_date(${this.#now()}, ${this.#zone})`
      case 'CASE':
        return this.#case()
      case 'CAST':
        return this.#cast()
      case 'INTERVAL':
        return this.#interval()
      case 'EXTRACT':
        return this.#extract()
      case 'FLOOR':
        return this.#floor()
      case 'TIMESTAMP':
      case 'DATE':
        return this.#cursor.peek()?.kind === 'string' ? this.#literal(word) : this.#reference(token)
      case 'TIMESTAMPADD':
        return this.#timestampAdd()
      default:
        return this.#cursor.takes('(') ? this.#call(token.text) : this.#reference(token)
    }
  }

  #literal(type: 'TIMESTAMP' | 'DATE'): string {
    const text = textLiteral(this.#cursor.next().value)
    return this.#folded(`druid_${type === 'DATE' ? 'date' : 'time'}(${text}, ${this.#zone})`)
  }

  #reference(token: Token): string {
    // table.column: one table is read at a time, so the table says nothing more.
    const name = this.#cursor.takes('.') ? this.#cursor.name() : token.value
    const expression = this.#scope.names.get(name)
    if (expression === undefined) throw this.#cursor.errorAt(token, `Column '${name}' not found in any table`)
    return expression
  }

  #call(name: string): string {
    this.#found.aggregate ||= isAggregate(name)
    const upper = name.toUpperCase()
    const distinct = this.#cursor.takes('DISTINCT') ? 'DISTINCT ' : ''
    const star = upper === 'COUNT' && this.#cursor.takes('*', ')')
    const args = star ? ['*'] : this.#items()
    if (upper === 'SUM' && distinct === '') return this.#sumOf(args)
    const text = call(name, distinct === '' ? args : [distinct + args.join(', ')], this.#scope.zone)
    if (!isAggregate(name)) return text
    const filter = this.#filter()
    return this.#aggregate(filtered(text, filter), {
      name: upper,
      distinct: distinct !== '',
      argument: star ? undefined : args.join(', '),
      filter,
    })
  }

  /** Druid makes filters of cases of integers, so that a sum of nothing is null though the statement says 0. */
  #sumOf([value = '']: readonly string[]): string {
    const { text, condition, results } = this.#found.case ?? {}
    const [then = '', otherwise] = results ?? []
    const own = this.#filter()
    const plain: AggregateCall = { name: 'SUM', distinct: false, argument: value, filter: own }
    const whole = filtered(`sum(${value})`, own)
    if (text !== value || condition === undefined || otherwise !== '0')
      return this.#aggregate(`druid_wrap(${whole})`, plain)
    const filter = own === undefined ? condition : `${condition} AND ${own}`
    if (then === '1')
      return this.#aggregate(`druid_wrap(${filtered('count(*)', filter)})`, {
        ...plain,
        name: 'COUNT',
        argument: undefined,
        filter,
      })
    const sum = `sum(${then})`
    return this.#aggregate(
      `druid_wrap(CASE WHEN typeof(${sum}) = 'HUGEINT' THEN ${filtered(sum, filter)} ELSE ${whole} END)`,
      { ...plain, argument: then, filter, unlessInteger: plain },
    )
  }

  #aggregate(text: string, called: AggregateCall): string {
    this.#found.aggregates.set(text, called)
    return text
  }

  /** The condition of `FILTER (WHERE …)`, if that comes next. */
  #filter(): string | undefined {
    if (!this.#cursor.takes('FILTER', '(', 'WHERE')) return undefined
    const condition = this.read()
    this.#cursor.expect(')')
    return condition
  }

  #case(): string {
    const subject = this.#cursor.sees('WHEN') ? '' : ` ${this.read()}`
    const parts: { readonly when: string; readonly result: string }[] = []
    while (this.#cursor.takes('WHEN')) {
      const when = this.read()
      this.#cursor.expect('THEN')
      parts.push({ when, result: this.read() })
    }
    const otherwise = this.#cursor.takes('ELSE') ? this.read() : undefined
    this.#cursor.expect('END')
    const branches = parts.map(({ when, result }) => `WHEN ${when} THEN ${result}`).join(' ')
    const text = `(CASE${subject} ${branches}${otherwise === undefined ? '' : ` ELSE ${otherwise}`} END)`
    const results = [...parts.map(({ result }) => result), ...(otherwise === undefined ? [] : [otherwise])]
    const condition = parts.length === 1 && subject === '' ? parts[0]?.when : undefined
    this.#found.case = { text, results, condition }
    return text
  }

  #cast(): string {
    this.#cursor.expect('(')
    const value = this.read()
    this.#cursor.expect('AS')
    const name = this.#cursor.next().text.toUpperCase()
    this.#cursor.expect(')')
    return castTo(name, value, this.#zone)
  }

  #interval(): string {
    const amount = this.#cursor.next()
    if (amount.kind !== 'string' || !/^\d{1,9}$/.test(amount.value))
      throw unknownForm('an interval like that')
    return `INTERVAL ${amount.value} ${timeUnit(this.#cursor.next().text)}`
  }

  #extract(): string {
    this.#cursor.expect('(')
    const unit = this.#cursor.next().text
    this.#cursor.expect('FROM')
    const time = this.read()
    this.#cursor.expect(')')
    return timeExtract([time, unit], this.#scope.zone)
  }

  #floor(): string {
    this.#cursor.expect('(')
    const value = this.read()
    const unit = this.#cursor.takes('TO') ? timeUnit(this.#cursor.next().text) : undefined
    this.#cursor.expect(')')
    return unit === undefined ? `druid_floor(${value})` : cut(value, unit, this.#scope.zone)
  }

  #timestampAdd(): string {
    this.#cursor.expect('(')
    const unit = this.#cursor.next().text
    this.#cursor.expect(',')
    const [count = '', time = ''] = this.#items()
    return call('TIMESTAMPADD', [unit, count, time], this.#scope.zone)
  }
}

/** Whether a text of DuckDB is a time, or made of one, and of no column. */
function isConstantTime(text: string): boolean {
  const words = text.replaceAll(/'[^']*'/g, '')
  return TIME.test(words) && !words.includes('"')
}
