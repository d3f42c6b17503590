// Parts of the grammar that hold no expression: what the normaliser writes for them, and where they end.
import { type Piece } from './boolean-groups.ts'
import { NotUnderstood, type View } from './view.ts'
import { NOW_WORDS, UNITS } from './words.ts'

/** A step of reading: what it gives, and the number of the token behind it. */
export interface Step extends Piece {
  readonly next: number
}

export function other(text: string, next: number): Step {
  return { text, kind: 'other', next }
}

export function boundary(text: string, next: number): Step {
  return { text, kind: 'boundary', next }
}

const TYPED = new Set(['TIMESTAMP', 'DATE', 'TIME'])
const BRACE = new Map([
  ['TS', 'TIMESTAMP'],
  ['D', 'DATE'],
  ['T', 'TIME'],
])
const FRAME = new Set(
  'ROWS RANGE BETWEEN AND UNBOUNDED PRECEDING FOLLOWING CURRENT ROW INTERVAL EXCLUDE NO OTHERS'.split(' '),
)

/** `TIMESTAMP '…'`, `INTERVAL '…' DAY`, `CURRENT_TIMESTAMP`; undefined for anything else. */
export function literal(view: View, at: number): Step | undefined {
  const word = view.word(at)
  if (TYPED.has(word) && view.kind(at + 1) === 'string') return other(`__${word}('s${at + 1}')`, at + 2)
  if (word === 'INTERVAL') return interval(view, at)
  if (!NOW_WORDS.has(word)) return undefined
  return other(`now${at}()`, view.word(at + 1) === '(' ? view.close(at + 1) + 1 : at + 1)
}

/** What may stand behind a unit and TO in an interval (Calcite); `FLOOR(x - INTERVAL '1' DAY TO DAY)` has a TO of its own. */
const FINER: Readonly<Record<string, readonly string[]>> = {
  YEAR: ['MONTH'],
  DAY: ['HOUR', 'MINUTE', 'SECOND'],
  HOUR: ['MINUTE', 'SECOND'],
  MINUTE: ['SECOND'],
}

/** `INTERVAL [sign] 'text' unit[(n)] [TO unit[(n)]]`. */
function interval(view: View, at: number): Step {
  const sign = view.word(at + 1) === '-' || view.word(at + 1) === '+' ? 1 : 0
  if (view.kind(at + 1 + sign) !== 'string') throw new NotUnderstood('interval')
  const behind = unit(view, at + 2 + sign)
  const finer = FINER[view.word(at + 2 + sign)]?.includes(view.word(behind + 1)) ?? false
  return other(`__interval('s${at}')`, view.word(behind) === 'TO' && finer ? unit(view, behind + 1) : behind)
}

function unit(view: View, at: number): number {
  if (!UNITS.has(view.word(at))) throw new NotUnderstood('unit')
  return view.word(at + 1) === '(' ? view.close(at + 1) + 1 : at + 1
}

/** `{ts '…'}`, `{d '…'}`, `{t '…'}`. */
export function braces(view: View, at: number): Step {
  const type = BRACE.get(view.word(at + 1))
  if (type === undefined || view.kind(at + 2) !== 'string' || view.close(at) !== at + 3) {
    throw new NotUnderstood('braces')
  }
  return other(`__${type}('s${at + 2}')`, at + 4)
}

/** `LIMIT n`, `LIMIT ALL`, `OFFSET n [ROWS]`, `FETCH FIRST [n] ROWS ONLY`; undefined for anything else. */
export function limit(view: View, at: number): Step | undefined {
  const word = view.word(at)
  if (word === 'FETCH') return fetch(view, at)
  if (word !== 'LIMIT' && word !== 'OFFSET') return undefined
  if (word === 'LIMIT' && view.word(at + 1) === 'ALL') return boundary('', at + 2)
  if (!view.isCount(at + 1)) throw new NotUnderstood(word)
  return boundary(`${word} ${at + 1}`, isRows(view, at + 2) ? at + 3 : at + 2)
}

function fetch(view: View, at: number): Step {
  const rows = view.isCount(at + 2) ? at + 3 : at + 2
  if (!isRows(view, rows) || view.word(rows + 1) !== 'ONLY') throw new NotUnderstood('fetch')
  return boundary(`LIMIT ${at + 2}`, rows + 2)
}

function isRows(view: View, at: number): boolean {
  return view.word(at) === 'ROW' || view.word(at) === 'ROWS'
}

/** `WINDOW w AS (…), …`: no name of a table can stand there but in a query, and those are counted afterwards. */
export function windows(view: View, at: number, to: number): Step {
  let next = at + 1
  for (;;) {
    const isWindow = view.isName(next) && view.word(next + 1) === 'AS' && view.word(next + 2) === '('
    if (!isWindow) throw new NotUnderstood('window')
    next = view.close(next + 2) + 1
    if (next >= to || view.word(next) !== ',') return boundary('', next)
    next += 1
  }
}

/** Throws NotUnderstood unless tokens `from` to `to` are the frame of a window, which holds literals at most. */
export function checkFrame(view: View, from: number, to: number): void {
  for (let at = from; at < to; at += 1) {
    const known = FRAME.has(view.word(at)) || UNITS.has(view.word(at))
    if (!known && view.kind(at) !== 'string' && view.kind(at) !== 'number') throw new NotUnderstood('frame')
  }
}

/** Throws NotUnderstood unless tokens `from` to `to` are names with commas between. */
export function checkColumns(view: View, from: number, to: number): void {
  for (let at = from; at < to; at += 1) {
    const fits = (at - from) % 2 === 0 ? view.isName(at) : view.word(at) === ','
    if (!fits) throw new NotUnderstood('columns')
  }
}

/** `RETURNING type`, which ends the arguments of a call. */
export function returning(view: View, at: number, to: number): Step {
  for (let next = at + 1; next < to; next += 1) {
    const isType =
      view.kind(next) === 'identifier' || view.kind(next) === 'number' || '(),'.includes(view.word(next))
    if (!isType || view.word(next) === 'ON') throw new NotUnderstood('returning')
  }
  return boundary(`, '#type${at + 1}'`, to)
}

/** Whether tokens `from` to `to` are strings and numbers with commas between. */
export function areLiterals(view: View, from: number, to: number): boolean {
  let at = from
  while (at < to) {
    if (view.word(at) === '-') at += 1
    const isItem = view.kind(at) === 'string' || view.kind(at) === 'number'
    if (!isItem || (at + 1 < to && view.word(at + 1) !== ',')) return false
    at += 2
  }
  return at === to + 1
}
