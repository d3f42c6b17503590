// Turns Druid's dialect into text that node-sql-parser reads rightly. Each literal becomes 's7', each name "i7", each
// call fn7(…), where 7 is the number of a token: what Calcite knows and the parser doesn't (FLOOR(x TO DAY), CAST types,
// FILTER, OVER, INTERVAL …) becomes calls, and nothing of the client's text can be misread as syntax.
import { groupBooleans, type Piece } from './boolean-groups.ts'
import * as fixed from './fixed.ts'
import { boundary, other, type Step } from './fixed.ts'
import { NotUnderstood, type View } from './view.ts'
import { BEFORE_EXPRESSION, BOUNDARY, CASELESS, KEPT, NOT_ANALYSED, UNITS } from './words.ts'

export interface Normalised {
  readonly text: string
  /** Numbers of the tokens that name functions, and of bare words that are keywords where they stand. */
  readonly functions: ReadonlySet<number>
  readonly keywords: ReadonlySet<number>
  /** An alias names columns (`AS t (a, b)`), so a column's name may not be the table's own. */
  readonly renames: boolean
}

/** Normalises the tokens of one query, numbers `start` to `end`. Throws NotUnderstood. */
export function normalise(view: View, start: number, end: number): Normalised {
  const normaliser = new Normaliser(view)
  const text = normaliser.sequence(start, end)
  return { text, functions: normaliser.functions, keywords: normaliser.keywords, renames: normaliser.renames }
}

const OPERATORS = new Set(['.', '=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '/', '%', '||'])
const COMPARISONS = new Set(['=', '<>', '!=', '<', '>', '<=', '>='])
const QUANTIFIERS = new Set(['ANY', 'SOME', 'ALL'])
const QUERY_STARTS = new Set(['SELECT', 'WITH', 'VALUES'])
const CAST_LIKE = new Set(['CAST', 'SAFE_CAST', 'TRY_CAST'])
const ARGUMENT_PREFIX = new Set(['DISTINCT', 'ALL', 'BOTH', 'LEADING', 'TRAILING'])
const ARGUMENT_COMMA = new Set(['FROM', 'FOR', 'PLACING', 'VALUE'])
const NO_DIRECTION_BEHIND = new Set([',', 'BY', 'AS', 'SELECT', '.'])
const BEHIND_DIRECTION = new Set(
  ') ; , LIMIT OFFSET FETCH NULLS ROWS RANGE UNION INTERSECT EXCEPT'.split(' '),
)
const COMMA = new Set([','])
const AS = new Set(['AS'])
const FRAME_STARTS = new Set(['ROWS', 'RANGE'])

class Normaliser {
  readonly functions = new Set<number>()
  readonly keywords = new Set<number>()
  renames = false
  readonly #view: View

  constructor(view: View) {
    this.#view = view
  }

  /** The text of tokens `from` to `to`; in a list, keywords between arguments become commas. */
  sequence(from: number, to: number, isList = false): string {
    const frames: { pieces: Piece[]; betweens: number }[] = [{ pieces: [], betweens: 0 }]
    let at = from
    while (at < to) {
      const frame = frames.at(-1)
      if (frame === undefined) throw new NotUnderstood('case')
      const word = this.#view.word(at)
      if (word === 'CASE') {
        frames.push({ pieces: [], betweens: 0 })
        at += 1
      } else if (word === 'END') {
        frames.pop()
        frames.at(-1)?.pieces.push(other(`CASE ${groupBooleans(frame.pieces, false)} END`, at))
        at += 1
      } else {
        const isArgument = isList && frames.length === 1
        const step = (isArgument ? this.#argument(at, from, to) : undefined) ?? this.#step(at, to)
        if (step.text === 'BETWEEN') frame.betweens += 1
        const isOfBetween = step.kind === 'and' && frame.betweens > 0
        if (isOfBetween) frame.betweens -= 1
        frame.pieces.push(isOfBetween ? other('AND', at) : step)
        at = step.next
      }
    }
    const [last] = frames
    if (frames.length !== 1 || last === undefined || at !== to) throw new NotUnderstood('case')
    return groupBooleans(last.pieces, isList)
  }

  #step(at: number, to: number): Step {
    switch (this.#view.kind(at)) {
      case 'string':
      case 'number':
      case 'parameter':
        return other(`'s${at}'`, at + 1)
      case 'quoted':
        return this.#name(at)
      case 'identifier':
        return this.#word(at, to)
      case 'operator':
        return this.#operator(at)
      case 'hint':
      case undefined:
        throw new NotUnderstood('token')
    }
  }

  #operator(at: number): Step {
    const word = this.#view.word(at)
    if (word === '(') return this.#brackets(at)
    if (word === '{') return this.#isEscape(at) ? this.#escape(at) : fixed.braces(this.#view, at)
    if (word === '[') return this.#square(at, '- __at')
    if (word === ',') return boundary(',', at + 1)
    if (word === '!=') return other('<>', at + 1)
    if (!OPERATORS.has(word)) throw new NotUnderstood(word)
    return other(word, at + 1)
  }

  /** `{fn f(…)}` of JDBC and ODBC: the call alone. */
  #isEscape(at: number): boolean {
    const view = this.#view
    return view.word(at + 1) === 'FN' && view.isName(at + 2) && view.word(at + 3) === '('
  }

  #escape(at: number): Step {
    const close = this.#view.close(at)
    if (this.#view.close(at + 3) !== close - 1) throw new NotUnderstood('escape')
    this.keywords.add(at + 1)
    if (this.#view.word(at + 2) === 'CURDATE' && close === at + 5) return other(`now${at + 2}()`, close + 1)
    const call = this.#call(at + 2)
    if (call.next !== close) throw new NotUnderstood('escape')
    return { ...call, next: close + 1 }
  }

  #square(at: number, name: string): Step {
    const close = this.#view.close(at)
    return other(`${name}(${this.sequence(at + 1, close, true)})`, close + 1)
  }

  #brackets(at: number): Step {
    const close = this.#view.close(at)
    const inner = this.#view.word(at + 1)
    if (inner === 'VALUES') return other(`__values(${this.#rows(at + 2, close)})`, close + 1)
    // `((x))` means `(x)`, and the parser prints it so; but `IN ((x))` has a query or a row inside.
    if (inner === '(' && this.#view.close(at + 1) === close - 1 && this.#view.word(at - 1) !== 'IN') {
      return { ...this.#brackets(at + 1), next: close + 1 }
    }
    const isList = !QUERY_STARTS.has(inner) && this.#view.find(COMMA, at + 1, close) < close
    return other(`(${this.sequence(at + 1, close, isList)})`, close + 1)
  }

  /** Lists of expressions in brackets, as VALUES and GROUPING SETS have them. */
  #rows(from: number, to: number): string {
    const rows: string[] = []
    for (let at = from; at < to;) {
      const comma = this.#view.find(COMMA, at, to)
      const row = this.#view.word(at) === 'ROW' ? at + 1 : at
      const isRow = this.#view.word(row) === '(' && this.#view.close(row) === comma - 1
      rows.push(isRow ? `__row(${this.sequence(row + 1, comma - 1)})` : this.sequence(at, comma))
      at = comma + 1
    }
    return rows.join(' , ')
  }

  /** A name with what stands before it by dots, as one column; or a call. */
  #name(at: number): Step {
    const view = this.#view
    let last = at
    while (view.word(last + 1) === '.' && view.isName(last + 2)) {
      last += 2
      this.#refuseReserved(last)
    }
    const behind = view.word(last + 1)
    if (behind !== '(') this.#refuseReserved(at)
    if (behind === '.') {
      if (view.word(last + 2) !== '*') throw new NotUnderstood('dot')
      return other(`"i${at}".*`, last + 3)
    }
    if (behind !== '(') return other(`"i${at}"`, last + 1)
    if (last !== at) throw new NotUnderstood('call of a path')
    return this.#namesColumns(at) ? this.#columnList(at) : this.#call(at)
  }

  /** A reserved word can't be a bare name: Druid refuses the text, or reads it in a way that isn't known here. */
  #refuseReserved(at: number): void {
    if (CASELESS.has(this.#view.word(at))) throw new NotUnderstood('reserved word')
  }

  /** Whether a name before a bracket is an alias or the name of a WITH, and the bracket lists its columns. */
  #namesColumns(at: number): boolean {
    const behind = this.#view.close(at + 1) + 1
    if (this.#view.word(behind) === 'AS' && this.#view.word(behind + 1) === '(') return true
    const before = this.#view.word(at - 1)
    if (before === 'AS' || before === ')') return true
    const kind = this.#view.kind(at - 1)
    return kind !== undefined && kind !== 'operator' && !BEFORE_EXPRESSION.has(before)
  }

  #columnList(at: number): Step {
    const close = this.#view.close(at + 1)
    fixed.checkColumns(this.#view, at + 2, close)
    this.renames = true
    return other(`"i${at}"`, close + 1)
  }

  #call(at: number, name = `fn${at}`): Step {
    this.functions.add(at)
    const close = this.#view.close(at + 1)
    return this.#behindCall(`${name}(${this.#arguments(at, close)})`, close + 1)
  }

  #arguments(at: number, close: number): string {
    const from = at + 2
    if (QUERY_STARTS.has(this.#view.word(from))) return this.sequence(from, close)
    if (this.#view.word(from) === '*' && close === from + 1) return "'#star'"
    if (!CAST_LIKE.has(this.#view.word(at))) return this.sequence(from, close, true)
    const as = this.#view.find(AS, from, close)
    if (as === close) throw new NotUnderstood('cast')
    return `${this.sequence(from, as)} , '#type${as + 1}'`
  }

  /** FILTER, WITHIN GROUP, OVER and the like behind a call, as calls round it. */
  #behindCall(call: string, from: number): Step {
    const view = this.#view
    let text = call
    let at = from
    for (;;) {
      const word = view.word(at)
      if (word === 'FILTER' && view.opens(at + 1) && view.word(at + 2) === 'WHERE') {
        const close = view.close(at + 1)
        const isBracketed = view.word(at + 3) === '(' && view.close(at + 3) === close - 1
        const condition = this.sequence(at + 3, close)
        text = `__filter(${text} , ${isBracketed ? condition : `(${condition})`})`
        at = close + 1
      } else if (word === 'WITHIN' && view.word(at + 1) === 'GROUP' && view.opens(at + 2)) {
        const close = view.close(at + 2)
        text = `__within(${text} , ${this.sequence(at + 3, close, true)})`
        at = close + 1
      } else if (word === 'OVER') {
        text = `__over(${text} , ${this.#window(at + 1)})`
        at = view.opens(at + 1) ? view.close(at + 1) + 1 : at + 2
      } else if ((word === 'IGNORE' || word === 'RESPECT') && view.word(at + 1) === 'NULLS') {
        at += 2
      } else return other(text, at)
    }
  }

  #window(at: number): string {
    if (!this.#view.opens(at)) return `'#window${at}'`
    const close = this.#view.close(at)
    const frame = this.#view.find(FRAME_STARTS, at + 1, close)
    fixed.checkFrame(this.#view, frame, close)
    return frame === at + 1 ? "'#all'" : this.sequence(at + 1, frame, true)
  }

  /** What only stands between or before the arguments of a call; undefined for anything else. */
  #argument(at: number, from: number, to: number): Step | undefined {
    const view = this.#view
    const word = view.word(at)
    const next = view.word(at + 1)
    const isFirst = at === from || view.word(at - 1) === ','
    if (word === ':' || word === '=>') return boundary(',', at + 1)
    if (isFirst && ARGUMENT_PREFIX.has(word))
      return boundary(`'#${word}' ,`, next === 'FROM' ? at + 2 : at + 1)
    if (isFirst && word === 'KEY' && at + 1 < to && view.kind(at + 1) !== 'operator')
      return boundary('', at + 1)
    if (isFirst && word === 'PARTITION' && next === 'BY') return boundary("'#partition' ,", at + 2)
    if (word === 'ORDER' && next === 'BY') return boundary(`${at === from ? '' : ', '}'#order' ,`, at + 2)
    if (ARGUMENT_COMMA.has(word) || (word === 'IN' && next !== '(')) return boundary(',', at + 1)
    if (word === 'TO' && UNITS.has(next)) return boundary(`, '#unit${at + 1}'`, at + 2)
    if (word === 'RETURNING') return fixed.returning(view, at, to)
    if (word === 'ASC' || word === 'DESC') return this.#direction(at, '')
    return this.#nulls(at)
  }

  /** `IGNORE NULLS`, `NULL ON NULL`, `NULLS FIRST` among arguments: nothing is concluded from them. */
  #nulls(at: number): Step | undefined {
    const [word, next, third] = [at, at + 1, at + 2].map((near) => this.#view.word(near))
    if ((word === 'IGNORE' || word === 'RESPECT') && next === 'NULLS') return boundary('', at + 2)
    if (word === 'NULLS' && (next === 'FIRST' || next === 'LAST')) return boundary('', at + 2)
    const isOnNull = (word === 'NULL' || word === 'ABSENT') && next === 'ON' && third === 'NULL'
    return isOnNull ? boundary('', at + 3) : undefined
  }

  #direction(at: number, text: string): Step {
    const isEnd = this.#view.kind(at + 1) === undefined || BEHIND_DIRECTION.has(this.#view.word(at + 1))
    if (!isEnd) throw new NotUnderstood('direction')
    this.keywords.add(at)
    return boundary(text, at + 1)
  }

  #word(at: number, to: number): Step {
    const word = this.#view.word(at)
    if (NOT_ANALYSED.has(word)) throw new NotUnderstood(word)
    if (word === 'AND') return { text: 'AND', kind: 'and', next: at + 1 }
    if (word === 'OR') return { text: 'OR', kind: 'or', next: at + 1 }
    if (word === 'BETWEEN') return other('BETWEEN', at + 1)
    if (word === 'ARRAY' && this.#view.word(at + 1) === '[') return this.#square(at + 1, '__array')
    const special =
      fixed.literal(this.#view, at) ?? this.#clause(at, word, to) ?? this.#operatorWord(at, word)
    if (special !== undefined) return special
    if (this.#view.word(at + 1) === '(' && (word === 'LEFT' || word === 'RIGHT')) return this.#call(at)
    if (KEPT.has(word)) return BOUNDARY.has(word) ? boundary(word, at + 1) : other(word, at + 1)
    return this.#name(at)
  }

  #clause(at: number, word: string, to: number): Step | undefined {
    const view = this.#view
    const next = view.word(at + 1)
    if (word === 'GROUP' && next === 'BY' && view.word(at + 2) === '(' && view.close(at + 2) === at + 3) {
      return boundary('', at + 4)
    }
    if (word === 'GROUPING' && next === 'SETS') {
      const close = view.close(at + 2)
      return other(`__sets(${this.#rows(at + 3, close)})`, close + 1)
    }
    if (word === 'CROSS' && next === 'JOIN') return boundary(',', at + 2)
    if (word === 'ASC' || word === 'DESC') {
      return NO_DIRECTION_BEHIND.has(view.word(at - 1)) ? undefined : this.#direction(at, word)
    }
    if (word === 'NULLS' && (next === 'FIRST' || next === 'LAST')) {
      this.keywords.add(at).add(at + 1)
      return other(`NULLS ${next}`, at + 2)
    }
    if (word === 'WINDOW' && view.isName(at + 1)) return fixed.windows(view, at, to)
    if (word === 'VALUES') throw new NotUnderstood('values')
    return fixed.limit(view, at)
  }

  #operatorWord(at: number, word: string): Step | undefined {
    const next = this.#view.word(at + 1)
    if (word === 'IS') return this.#is(at)
    if (word === 'SIMILAR' && next === 'TO') return other('LIKE', at + 2)
    if (word === 'LATERAL') return other('', at + 1)
    if (word === 'TABLE') return this.#table(at)
    if (next !== '(') return undefined
    const close = this.#view.close(at + 1)
    if (word === 'ROW') return this.#call(at, '__row')
    if (word === 'EXISTS') return other(`EXISTS (${this.sequence(at + 2, close)})`, close + 1)
    const isQuantifier = QUANTIFIERS.has(word) && COMPARISONS.has(this.#view.word(at - 1))
    if (isQuantifier) return this.#call(at, '__any')
    if (word !== 'IN') return undefined
    // A list of literals has nothing to find, and a long one takes the parser most of its time.
    const isPlain = fixed.areLiterals(this.#view, at + 2, close)
    return other(`IN ${isPlain ? `('#list${at}')` : this.#brackets(at + 1).text}`, close + 1)
  }

  /** `IS [NOT] DISTINCT FROM`, both as LIKE because nothing is concluded from either, and `IS [NOT] UNKNOWN`. */
  #is(at: number): Step | undefined {
    const not = this.#view.word(at + 1) === 'NOT' ? 1 : 0
    const word = this.#view.word(at + 1 + not)
    if (word === 'DISTINCT') return other('LIKE', at + 3 + not)
    if (word === 'UNKNOWN') return other(not === 1 ? 'IS NOT NULL' : 'IS NULL', at + 2 + not)
    return undefined
  }

  /** `TABLE(f(…))`: the call alone; `TABLE(name)` isn't analysed. */
  #table(at: number): Step {
    const view = this.#view
    const isCall = view.word(at + 1) === '(' && view.isName(at + 2) && view.word(at + 3) === '('
    if (!isCall || view.close(at + 3) + 1 !== view.close(at + 1)) throw new NotUnderstood('table')
    return { ...this.#call(at + 2), next: view.close(at + 1) + 1 }
  }
}
