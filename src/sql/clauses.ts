// Where the clauses of a SELECT stand among the tokens of a statement.
import { NotUnderstood, type View } from './view.ts'

/** Tokens `[start, end)`. */
export interface TokenRange {
  readonly start: number
  readonly end: number
}

/** Of one SELECT, without the brackets round it and its WITH. A clause that isn't there is an empty range where it would stand. */
export interface Clauses {
  readonly query: TokenRange
  /** What is selected, behind DISTINCT, each with its alias. */
  readonly items: readonly TokenRange[]
  readonly from: TokenRange
  /** The condition alone. */
  readonly where: TokenRange
  /** With its words; the expressions alone are in `groups`. */
  readonly groupBy: TokenRange
  readonly groups: readonly TokenRange[]
  readonly having: TokenRange
  /** ORDER BY, LIMIT, OFFSET, FETCH. */
  readonly tail: TokenRange
  /** Each with its direction. */
  readonly orders: readonly TokenRange[]
  /** The token of the number, or `?`. */
  readonly limit: number | undefined
  readonly offset: number | undefined
}

const SELECT = new Set(['SELECT'])
const FROM = new Set(['FROM'])
const COMMA = new Set([','])
const WHERE_ENDS = new Set(['GROUP', 'HAVING', 'WINDOW', 'ORDER', 'LIMIT', 'OFFSET', 'FETCH'])
const GROUP_ENDS = new Set(['HAVING', 'WINDOW', 'ORDER', 'LIMIT', 'OFFSET', 'FETCH'])
const TAIL = new Set(['ORDER', 'LIMIT', 'OFFSET', 'FETCH'])
const LIMITS = new Set(['LIMIT', 'OFFSET', 'FETCH'])

/** The clauses of the SELECT in tokens `start` to `end`. Throws NotUnderstood for one without FROM, or with WINDOW. */
export function clausesOf(view: View, range: TokenRange): Clauses {
  const { start: head, end } = withoutBrackets(view, range)
  const start = view.word(head) === 'WITH' ? view.find(SELECT, head, end) : head
  const query = { start, end }
  if (view.word(start) !== 'SELECT') throw new NotUnderstood('select')
  const first = view.word(start + 1) === 'DISTINCT' || view.word(start + 1) === 'ALL' ? start + 2 : start + 1
  const from = findFrom(view, first, end)
  const whereAt = view.find(new Set([...WHERE_ENDS, 'WHERE']), from + 1, end)
  const conditionAt = view.word(whereAt) === 'WHERE' ? whereAt + 1 : whereAt
  const groupAt = view.find(WHERE_ENDS, conditionAt, end)
  const isGrouped = view.word(groupAt) === 'GROUP'
  const havingAt = isGrouped ? view.find(GROUP_ENDS, groupAt, end) : groupAt
  const tailAt = view.find(TAIL, havingAt, end)
  if (view.find(new Set(['WINDOW']), havingAt, tailAt) < tailAt) throw new NotUnderstood('window')
  const orders = ordersOf(view, tailAt, end)
  return {
    query,
    items: split(view, { start: first, end: from }),
    from: { start: from + 1, end: whereAt },
    where: { start: conditionAt, end: groupAt },
    groupBy: { start: groupAt, end: havingAt },
    groups: isGrouped ? split(view, { start: groupAt + 2, end: havingAt }) : [],
    having: { start: view.word(havingAt) === 'HAVING' ? havingAt + 1 : havingAt, end: tailAt },
    tail: { start: tailAt, end },
    orders,
    ...countsOf(view, view.find(LIMITS, tailAt, end), end),
  }
}

/** A range without the brackets that stand round all of it. */
function withoutBrackets(view: View, { start, end }: TokenRange): TokenRange {
  let [from, to] = [start, end]
  while (view.word(from) === '(' && view.close(from) === to - 1) {
    from += 1
    to -= 1
  }
  return { start: from, end: to }
}

// `a IS DISTINCT FROM b` has a FROM of its own.
function findFrom(view: View, start: number, end: number): number {
  let at = view.find(FROM, start, end)
  while (at < end && view.word(at - 1) === 'DISTINCT' && ['IS', 'NOT'].includes(view.word(at - 2)))
    at = view.find(FROM, at + 1, end)
  if (at >= end) throw new NotUnderstood('no FROM')
  return at
}

/** The parts of a range between its commas. */
function split(view: View, { start, end }: TokenRange): readonly TokenRange[] {
  const parts: TokenRange[] = []
  for (let at = start; at < end;) {
    const comma = view.find(COMMA, at, end)
    parts.push({ start: at, end: comma })
    at = comma + 1
  }
  return parts
}

function ordersOf(view: View, at: number, end: number): readonly TokenRange[] {
  if (view.word(at) !== 'ORDER') return []
  return split(view, { start: at + 2, end: view.find(LIMITS, at, end) })
}

/** `LIMIT n`, `LIMIT ALL`, `OFFSET n [ROWS]`, `FETCH {FIRST|NEXT} n ROWS ONLY`, in any order that normalising has let pass. */
function countsOf(view: View, from: number, end: number): Pick<Clauses, 'limit' | 'offset'> {
  let [limit, offset]: (number | undefined)[] = [undefined, undefined]
  let at = from
  while (at < end) {
    const word = view.word(at)
    if (word === 'FETCH') {
      if (!view.isCount(at + 2) || limit !== undefined) throw new NotUnderstood('fetch')
      limit = at + 2
      at += 5
    } else if (word === 'LIMIT' && view.word(at + 1) === 'ALL') at += 2
    else if (word === 'LIMIT' && limit === undefined) {
      limit = at + 1
      at += 2
    } else if (word === 'OFFSET' && offset === undefined) {
      offset = at + 1
      at += ['ROW', 'ROWS'].includes(view.word(at + 2)) ? 3 : 2
    } else throw new NotUnderstood('limit')
  }
  return { limit, offset }
}

/** The conditions that AND joins in a range, brackets opened; one with an OR beside the ANDs is a single condition. */
export function conjunctsOf(view: View, range: TokenRange): readonly TokenRange[] {
  const { start, end } = withoutBrackets(view, range)
  if (start >= end) return []
  const ands: number[] = []
  let betweens = 0
  let cases = 0
  for (let at = start; at < end; at = view.opens(at) ? view.close(at) + 1 : at + 1) {
    const word = view.word(at)
    if (word === 'CASE') cases += 1
    else if (word === 'END') cases -= 1
    else if (cases > 0) continue
    else if (word === 'OR') return [{ start, end }]
    else if (word === 'BETWEEN') betweens += 1
    else if (word === 'AND') {
      if (betweens > 0) betweens -= 1
      else ands.push(at)
    }
  }
  if (ands.length === 0) return [{ start, end }]
  const edges = [start - 1, ...ands, end]
  return edges
    .slice(1)
    .flatMap((edge, index) => conjunctsOf(view, { start: (edges[index] ?? 0) + 1, end: edge }))
}
