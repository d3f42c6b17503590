// Turns Druid's dialect into text that node-sql-parser reads rightly. Each literal becomes 's7', each name "i7", each
// call fn7(…), where 7 is the number of a token: what Calcite knows and the parser doesn't (FLOOR(x TO DAY), CAST types,
// FILTER, OVER, INTERVAL …) becomes calls, and nothing of the client's text can be misread as syntax.
import { groupBooleans, type Piece } from './boolean-groups.ts'
import { type Token } from './lexer.ts'
import { BEFORE_EXPRESSION, BOUNDARY, KEPT, NOT_ANALYSED, NOW_WORDS, RESERVED, UNITS } from './words.ts'

export interface Normalised {
  readonly text: string
  /** Numbers of the tokens that name functions, and of bare words that are keywords where they stand. */
  readonly functions: ReadonlySet<number>
  readonly keywords: ReadonlySet<number>
  /** An alias names columns (`AS t (a, b)`), so a column's name may not be the table's own. */
  readonly renames: boolean
}

/** A step of reading: what it gives, and the number of the token behind it. */
interface Step extends Piece {
  readonly next: number
}

/** Thrown inside this folder where a text holds what isn't understood; `analyse` turns it into an unknown. */
export class NotUnderstood extends Error {}

/** Upper-case words and operators by token number; quoted names and literals have none. */
export function wordsOf(tokens: readonly Token[]): readonly (string | undefined)[] {
  return tokens.map(({ kind, text }) => {
    if (kind === 'identifier') return text.toUpperCase()
    return kind === 'operator' ? text : undefined
  })
}

/** The number of the closing bracket for each opening one, else -1. Throws NotUnderstood where they don't pair. */
export function bracketsOf(words: readonly (string | undefined)[]): Int32Array {
  const closing = new Int32Array(words.length).fill(-1)
  const open: number[] = []
  for (const [at, word] of words.entries()) {
    if (word === '(' || word === '[' || word === '{') open.push(at)
    if (word !== ')' && word !== ']' && word !== '}') continue
    const start = open.pop()
    if (start === undefined || PAIR[words[start] ?? ''] !== word) throw new NotUnderstood('brackets')
    closing[start] = at
  }
  if (open.length > 0) throw new NotUnderstood('brackets')
  return closing
}

const PAIR: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

/** Normalises the tokens of one query, numbers `start` to `end`. Throws NotUnderstood. */
export function normalise(tokens: readonly Token[], start: number, end: number): Normalised {
  const normaliser = new Normaliser(tokens)
  const text = normaliser.sequence(start, end)
  return { text, functions: normaliser.functions, keywords: normaliser.keywords, renames: normaliser.renames }
}

const OPERATORS = new Set([',', '.', '=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '/', '%', '||'])
const COMPARISONS = new Set(['=', '<>', '!=', '<', '>', '<=', '>='])
const QUERY_STARTS = new Set(['SELECT', 'WITH', 'VALUES'])
const CAST_LIKE = new Set(['CAST', 'SAFE_CAST', 'TRY_CAST'])
const TYPED = new Set(['TIMESTAMP', 'DATE', 'TIME'])
const BRACE = new Map([
  ['TS', 'TIMESTAMP'],
  ['D', 'DATE'],
  ['T', 'TIME'],
])
const ARGUMENT_PREFIX = new Set(['DISTINCT', 'ALL', 'BOTH', 'LEADING', 'TRAILING'])
const ARGUMENT_COMMA = new Set(['FROM', 'FOR', 'PLACING', 'VALUE'])
const BEHIND_DIRECTION = new Set([
  ',',
  'LIMIT',
  'OFFSET',
  'FETCH',
  'NULLS',
  'ROWS',
  'RANGE',
  'UNION',
  'INTERSECT',
  'EXCEPT',
])
const FRAME = new Set(
  'ROWS RANGE BETWEEN AND UNBOUNDED PRECEDING FOLLOWING CURRENT ROW INTERVAL EXCLUDE NO OTHERS'.split(' '),
)

class Normaliser {
  readonly functions = new Set<number>()
  readonly keywords = new Set<number>()
  renames = false
  readonly #tokens: readonly Token[]
  readonly #words: readonly (string | undefined)[]
  readonly #closing: Int32Array

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
    this.#words = wordsOf(tokens)
    this.#closing = bracketsOf(this.#words)
  }

  /** The text of tokens `from` to `to`; inside a call, keywords between arguments become commas. */
  sequence(from: number, to: number, inCall = false): string {
    const frames: { pieces: Piece[]; betweens: number }[] = [{ pieces: [], betweens: 0 }]
    let at = from
    while (at < to) {
      const frame = frames.at(-1)
      if (frame === undefined) throw new NotUnderstood('case')
      const word = this.#words[at]
      if (word === 'CASE') {
        frames.push({ pieces: [], betweens: 0 })
        at += 1
      } else if (word === 'END') {
        frames.pop()
        frames.at(-1)?.pieces.push({ text: `CASE ${groupBooleans(frame.pieces, false)} END`, kind: 'other' })
        at += 1
      } else {
        const step =
          (inCall && frames.length === 1 ? this.#argument(at, from, to) : undefined) ?? this.#step(at, to)
        if (step.text === 'BETWEEN') frame.betweens += 1
        const ofBetween = step.kind === 'and' && frame.betweens > 0
        if (ofBetween) frame.betweens -= 1
        frame.pieces.push(ofBetween ? { text: 'AND', kind: 'other' } : step)
        at = step.next
      }
    }
    const [last] = frames
    if (frames.length !== 1 || last === undefined || at !== to) throw new NotUnderstood('case')
    return groupBooleans(last.pieces, inCall)
  }

  #step(at: number, to: number): Step {
    const kind = this.#token(at).kind
    if (kind === 'string' || kind === 'number' || kind === 'parameter') return other(`'s${at}'`, at + 1)
    if (kind === 'quoted') return this.#name(at)
    if (kind === 'identifier') return this.#word(at, to)
    if (kind === 'operator') return this.#operator(at)
    throw new NotUnderstood(kind)
  }

  #operator(at: number): Step {
    const word = this.#words[at] ?? ''
    if (word === '(') return this.#brackets(at)
    if (word === '{') return this.#braces(at)
    if (word === '[')
      return other(`- __at(${this.sequence(at + 1, this.#close(at), true)})`, this.#close(at) + 1)
    if (word === ',') return boundary(',', at + 1)
    if (word === '!=') return other('<>', at + 1)
    if (!OPERATORS.has(word)) throw new NotUnderstood(word)
    return other(word, at + 1)
  }

  #brackets(at: number): Step {
    const close = this.#close(at)
    if (this.#words[at + 1] === 'VALUES') return other(`__values(${this.#rows(at + 2, close)})`, close + 1)
    // `((x))` means `(x)`, and the parser prints it so.
    if (this.#words[at + 1] === '(' && this.#closing[at + 1] === close - 1 && this.#words[at - 1] !== 'IN') {
      return { ...this.#brackets(at + 1), next: close + 1 }
    }
    const isOne = QUERY_STARTS.has(this.#words[at + 1] ?? '') || this.#commaAfter(at + 1, close) === close
    const inner = isOne ? this.sequence(at + 1, close) : this.sequence(at + 1, close, true)
    return other(`(${inner})`, close + 1)
  }

  /** Lists of expressions in brackets, as VALUES and GROUPING SETS have them. */
  #rows(from: number, to: number): string {
    const rows: string[] = []
    for (let at = from; at < to;) {
      const comma = this.#commaAfter(at, to)
      const row = this.#words[at] === 'ROW' ? at + 1 : at
      const isRow = this.#words[row] === '(' && this.#closing[row] === comma - 1
      rows.push(isRow ? `__row(${this.sequence(row + 1, comma - 1)})` : this.sequence(at, comma))
      at = comma + 1
    }
    return rows.join(' , ')
  }

  #commaAfter(from: number, to: number): number {
    let at = from
    while (at < to && this.#words[at] !== ',')
      at = (this.#closing[at] ?? -1) < 0 ? at + 1 : this.#close(at) + 1
    return at
  }

  #braces(at: number): Step {
    const type = BRACE.get(this.#words[at + 1] ?? '')
    if (type === undefined || this.#tokens[at + 2]?.kind !== 'string' || this.#close(at) !== at + 3) {
      throw new NotUnderstood('braces')
    }
    return other(`__${type}('s${at + 2}')`, at + 4)
  }

  /** A name with what stands before it by dots, as one column; or a call. */
  #name(at: number): Step {
    let last = at
    while (this.#words[last + 1] === '.' && this.#isName(last + 2)) {
      last += 2
      this.#refuseReserved(last)
    }
    if (this.#words[last + 1] !== '(') this.#refuseReserved(at)
    if (this.#words[last + 1] === '.') {
      if (this.#words[last + 2] !== '*') throw new NotUnderstood('dot')
      return other(`"i${at}".*`, last + 3)
    }
    if (this.#words[last + 1] !== '(') return other(`"i${at}"`, last + 1)
    if (last !== at) throw new NotUnderstood('call of a path')
    return this.#namesColumns(at) ? this.#columnList(at) : this.#call(at)
  }

  /** A reserved word can't be a bare name: Druid refuses the text, or reads it in a way that isn't known here. */
  #refuseReserved(at: number): void {
    if (RESERVED.has(this.#words[at] ?? '')) throw new NotUnderstood('reserved word')
  }

  /** Whether a name before a bracket is an alias or the name of a WITH, and the bracket lists its columns. */
  #namesColumns(at: number): boolean {
    const behind = this.#close(at + 1) + 1
    if (this.#words[behind] === 'AS' && this.#words[behind + 1] === '(') return true
    const before = this.#words[at - 1]
    if (before === 'AS' || before === ')') return true
    const kind = this.#tokens[at - 1]?.kind
    return kind !== undefined && kind !== 'operator' && !BEFORE_EXPRESSION.has(before ?? '')
  }

  #columnList(at: number): Step {
    const close = this.#close(at + 1)
    for (let inner = at + 2; inner < close; inner += 1) {
      if ((inner - at) % 2 === 0 ? !this.#isName(inner) : this.#words[inner] !== ',')
        throw new NotUnderstood('columns')
    }
    this.renames = true
    return other(`"i${at}"`, close + 1)
  }

  #call(at: number, name = `fn${at}`): Step {
    this.functions.add(at)
    const open = this.#words[at + 1] === '(' ? at + 1 : at
    const close = this.#close(open)
    return this.#behindCall(`${name}(${this.#arguments(at, open, close)})`, close + 1)
  }

  #arguments(at: number, open: number, close: number): string {
    if (QUERY_STARTS.has(this.#words[open + 1] ?? '')) return this.sequence(open + 1, close)
    if (this.#words[open + 1] === '*' && close === open + 2) return "'#star'"
    if (CAST_LIKE.has(this.#words[at] ?? '')) return this.#castArguments(open, close)
    return this.sequence(open + 1, close, true)
  }

  #castArguments(open: number, close: number): string {
    for (let at = open + 1; at < close; at += 1) {
      if (this.#words[at] === 'AS') return `${this.sequence(open + 1, at)} , '#type${at + 1}'`
      if ((this.#closing[at] ?? -1) >= 0) at = this.#close(at)
    }
    throw new NotUnderstood('cast')
  }

  #behindCall(call: string, from: number): Step {
    let text = call
    let at = from
    for (;;) {
      const word = this.#words[at]
      const close = this.#closing[at + 1] ?? -1
      if (word === 'FILTER' && close >= 0 && this.#words[at + 2] === 'WHERE') {
        text = `__filter(${text} , (${this.sequence(at + 3, close)}))`
        at = close + 1
      } else if (word === 'WITHIN' && this.#words[at + 1] === 'GROUP' && this.#words[at + 2] === '(') {
        text = `__within(${text} , ${this.sequence(at + 3, this.#close(at + 2), true)})`
        at = this.#close(at + 2) + 1
      } else if (word === 'OVER') {
        const window = close >= 0 ? this.#window(at + 2, close) : `'#window${at + 1}'`
        text = `__over(${text} , ${window === '' ? "'#all'" : window})`
        at = close >= 0 ? close + 1 : at + 2
      } else if ((word === 'IGNORE' || word === 'RESPECT') && this.#words[at + 1] === 'NULLS') {
        at += 2
      } else return other(text, at)
    }
  }

  #window(from: number, to: number): string {
    let end = from
    while (end < to && this.#words[end] !== 'ROWS' && this.#words[end] !== 'RANGE') {
      end = (this.#closing[end] ?? -1) < 0 ? end + 1 : this.#close(end) + 1
    }
    for (let at = end; at < to; at += 1) {
      const kind = this.#token(at).kind
      const known = FRAME.has(this.#words[at] ?? '') || UNITS.has(this.#words[at] ?? '')
      if (!known && kind !== 'string' && kind !== 'number') throw new NotUnderstood('frame')
    }
    return this.sequence(from, end, true)
  }

  /** What only stands between or before the arguments of a call; undefined for anything else. */
  #argument(at: number, from: number, to: number): Step | undefined {
    if (this.#token(at).kind !== 'identifier')
      return this.#words[at] === ':' || this.#words[at] === '=>' ? boundary(',', at + 1) : undefined
    const word = this.#words[at] ?? ''
    const next = this.#words[at + 1] ?? ''
    const first = at === from || this.#words[at - 1] === ','
    if (first && ARGUMENT_PREFIX.has(word)) return boundary(`'#${word}' ,`, next === 'FROM' ? at + 2 : at + 1)
    if (first && word === 'KEY' && at + 1 < to && this.#token(at + 1).kind !== 'operator')
      return boundary('', at + 1)
    if (first && word === 'PARTITION' && next === 'BY') return boundary("'#partition' ,", at + 2)
    if (word === 'ORDER' && next === 'BY')
      return boundary(at === from ? "'#order' ," : ", '#order' ,", at + 2)
    if (ARGUMENT_COMMA.has(word) || (word === 'IN' && next !== '(')) return boundary(',', at + 1)
    if (word === 'TO' && UNITS.has(next)) return boundary(`, '#unit${at + 1}'`, at + 2)
    if ((word === 'IGNORE' || word === 'RESPECT') && next === 'NULLS') return boundary('', at + 2)
    if ((word === 'NULL' || word === 'ABSENT') && next === 'ON' && this.#words[at + 2] === 'NULL')
      return boundary('', at + 3)
    if (word === 'RETURNING') return this.#returning(at, to)
    if (word === 'ASC' || word === 'DESC') return this.#direction(at, '')
    if (word === 'NULLS' && (next === 'FIRST' || next === 'LAST')) return boundary('', at + 2)
    return undefined
  }

  #returning(at: number, to: number): Step {
    let end = at + 1
    while (
      end < to &&
      (this.#token(end).kind === 'identifier' || '(),'.includes(this.#words[end] ?? '(')) &&
      this.#words[end] !== 'ON'
    ) {
      end += 1
    }
    if (end < to) throw new NotUnderstood('returning')
    return boundary(`, '#type${at + 1}'`, end)
  }

  #direction(at: number, text: string): Step {
    const next = this.#words[at + 1] ?? ')'
    const ends = at + 1 >= this.#tokens.length || next === ')' || next === ';' || BEHIND_DIRECTION.has(next)
    if (!ends || this.#tokens[at + 1]?.kind === 'quoted') throw new NotUnderstood('direction')
    this.keywords.add(at)
    return boundary(text, at + 1)
  }

  #word(at: number, to: number): Step {
    const word = this.#words[at] ?? ''
    if (NOT_ANALYSED.has(word)) throw new NotUnderstood(word)
    if (word === 'AND') return { text: 'AND', kind: 'and', next: at + 1 }
    if (word === 'OR') return { text: 'OR', kind: 'or', next: at + 1 }
    if (word === 'BETWEEN') return other('BETWEEN', at + 1)
    const special = this.#literal(at, word) ?? this.#clause(at, word, to) ?? this.#operatorWord(at, word)
    if (special !== undefined) return special
    if (this.#words[at + 1] === '(' && (word === 'LEFT' || word === 'RIGHT')) return this.#call(at)
    if (KEPT.has(word)) return BOUNDARY.has(word) ? boundary(word, at + 1) : other(word, at + 1)
    return this.#name(at)
  }

  #literal(at: number, word: string): Step | undefined {
    const next = this.#tokens[at + 1]?.kind
    if (TYPED.has(word) && next === 'string') return other(`__${word}('s${at + 1}')`, at + 2)
    if (word === 'INTERVAL') return this.#interval(at)
    if (word === 'ARRAY' && this.#words[at + 1] === '[') {
      const close = this.#close(at + 1)
      return other(`__array(${this.sequence(at + 2, close, true)})`, close + 1)
    }
    if (!NOW_WORDS.has(word)) return undefined
    return other(`now${at}()`, this.#words[at + 1] === '(' ? this.#close(at + 1) + 1 : at + 1)
  }

  /** `INTERVAL [sign] 'text' unit[(n)] [TO unit[(n)]]`. */
  #interval(at: number): Step {
    const sign = this.#words[at + 1] === '-' || this.#words[at + 1] === '+' ? 1 : 0
    if (this.#tokens[at + 1 + sign]?.kind !== 'string') throw new NotUnderstood('interval')
    let next = this.#unit(at + 2 + sign)
    if (this.#words[next] === 'TO') next = this.#unit(next + 1)
    return other(`__interval('s${at}')`, next)
  }

  #unit(at: number): number {
    if (!UNITS.has(this.#words[at] ?? '')) throw new NotUnderstood('unit')
    return this.#words[at + 1] === '(' ? this.#close(at + 1) + 1 : at + 1
  }

  #clause(at: number, word: string, to: number): Step | undefined {
    const next = this.#words[at + 1] ?? ''
    if (
      word === 'GROUP' &&
      next === 'BY' &&
      this.#words[at + 2] === '(' &&
      this.#closing[at + 2] === at + 3
    ) {
      return boundary('', at + 4)
    }
    if (word === 'GROUPING' && next === 'SETS') {
      const close = this.#close(at + 2)
      return other(`__sets(${this.#rows(at + 3, close)})`, close + 1)
    }
    if (word === 'CROSS' && next === 'JOIN') return boundary(',', at + 2)
    if (word === 'LIMIT') return next === 'ALL' ? boundary('', at + 2) : this.#count(at, 'LIMIT')
    if (word === 'OFFSET') return this.#count(at, 'OFFSET')
    if (word === 'FETCH') return this.#fetch(at)
    if (word === 'ASC' || word === 'DESC')
      return this.#isDirection(at) ? this.#direction(at, word) : undefined
    if (word === 'NULLS' && (next === 'FIRST' || next === 'LAST')) {
      this.keywords.add(at).add(at + 1)
      return other(`NULLS ${next}`, at + 2)
    }
    if (word === 'WINDOW' && this.#isName(at + 1)) return this.#windows(at, to)
    if (word === 'VALUES') throw new NotUnderstood('values')
    return undefined
  }

  #isDirection(at: number): boolean {
    const before = this.#words[at - 1]
    return before !== ',' && before !== 'BY' && before !== 'AS' && before !== 'SELECT' && before !== '.'
  }

  #count(at: number, word: string): Step {
    const kind = this.#tokens[at + 1]?.kind
    if (kind !== 'number' && kind !== 'parameter') throw new NotUnderstood(word)
    const rows = this.#words[at + 2] === 'ROWS' || this.#words[at + 2] === 'ROW' ? 1 : 0
    return boundary(`${word} ${at + 1}`, at + 2 + rows)
  }

  #fetch(at: number): Step {
    const kind = this.#tokens[at + 2]?.kind
    const counted = kind === 'number' || kind === 'parameter' ? 1 : 0
    const unit = this.#words[at + 2 + counted]
    const known = (unit === 'ROW' || unit === 'ROWS') && this.#words[at + 3 + counted] === 'ONLY'
    if (!known) throw new NotUnderstood('fetch')
    return boundary(`LIMIT ${at + 2}`, at + 4 + counted)
  }

  /** `WINDOW w AS (…), …`: no name of a table can stand there but in a query, and those are counted afterwards. */
  #windows(at: number, to: number): Step {
    let next = at + 1
    for (;;) {
      if (!this.#isName(next) || this.#words[next + 1] !== 'AS' || this.#words[next + 2] !== '(')
        throw new NotUnderstood('window')
      next = this.#close(next + 2) + 1
      if (next >= to || this.#words[next] !== ',') return boundary('', next)
      next += 1
    }
  }

  #operatorWord(at: number, word: string): Step | undefined {
    const next = this.#words[at + 1] ?? ''
    const bracket = next === '('
    if (word === 'IS') {
      const not = next === 'NOT' ? 1 : 0
      // Both forms become `<>`: nothing is concluded from either.
      if (this.#words[at + 1 + not] === 'DISTINCT') return other('<>', at + 3 + not)
      if (this.#words[at + 1 + not] === 'UNKNOWN')
        return other(not === 1 ? 'IS NOT NULL' : 'IS NULL', at + 2 + not)
    }
    if (word === 'SIMILAR' && next === 'TO') return other('LIKE', at + 2)
    if (word === 'LATERAL') return other('', at + 1)
    if (word === 'TABLE') return this.#table(at)
    if (word === 'ROW' && bracket) return this.#call(at, '__row')
    // A list of literals has nothing to find, and a long one takes the parser most of its time.
    if (word === 'IN' && bracket && this.#isLiterals(at + 2, this.#close(at + 1))) {
      return other(`IN ('#list${at}')`, this.#close(at + 1) + 1)
    }
    if (word === 'IN' && bracket) return other(`IN ${this.#brackets(at + 1).text}`, this.#close(at + 1) + 1)
    if (word === 'EXISTS' && bracket)
      return other(`EXISTS (${this.sequence(at + 2, this.#close(at + 1))})`, this.#close(at + 1) + 1)
    const isQuantifier =
      (word === 'ANY' || word === 'SOME' || word === 'ALL') && COMPARISONS.has(this.#words[at - 1] ?? '')
    if (isQuantifier && bracket) return this.#call(at, '__any')
    return undefined
  }

  /** `TABLE(f(…))`: the call alone; `TABLE(name)` isn't analysed. */
  #table(at: number): Step {
    const isCall = this.#words[at + 1] === '(' && this.#isName(at + 2) && this.#words[at + 3] === '('
    if (!isCall || this.#close(at + 3) + 1 !== this.#close(at + 1)) throw new NotUnderstood('table')
    return { ...this.#call(at + 2), next: this.#close(at + 1) + 1 }
  }

  #isLiterals(from: number, to: number): boolean {
    let at = from
    while (at < to) {
      if (this.#words[at] === '-') at += 1
      const kind = this.#token(at).kind
      if ((kind !== 'string' && kind !== 'number') || (at + 1 < to && this.#words[at + 1] !== ','))
        return false
      at += 2
    }
    return at === to + 1
  }

  #isName(at: number): boolean {
    const kind = this.#tokens[at]?.kind
    return kind === 'quoted' || kind === 'identifier'
  }

  #token(at: number): Token {
    const token = this.#tokens[at]
    if (token === undefined) throw new NotUnderstood('end')
    return token
  }

  #close(at: number): number {
    const close = this.#closing[at] ?? -1
    if (close < 0) throw new NotUnderstood('bracket')
    return close
  }
}

function other(text: string, next: number): Step {
  return { text, kind: 'other', next }
}

function boundary(text: string, next: number): Step {
  return { text, kind: 'boundary', next }
}
