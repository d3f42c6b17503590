// How much work a text is for node-sql-parser (5.4.0), which reads some brackets again and again: each level of a query
// in a select list takes about 3 times as long as the one inside, each level of `((a AND b) AND c)` about twice. Twelve
// such levels are 0.2 s and sixty never end, so this is found out before.
import { type View } from './view.ts'

const QUERY_FACTOR = 3.5
const BOOLEAN_FACTOR = 2
const READ_ONCE = new Set(['FROM', 'JOIN', 'IN', 'EXISTS'])

/** The number of tokens, each counted as often as the parser is likely to read it; what long lists are made of is free. */
export function parseCost(view: View, start: number, end: number): number {
  const open: { cost: number; factor: number }[] = []
  let level = { cost: 0, factor: 1 }
  for (let at = start; at < end; at += 1) {
    const word = view.word(at)
    if (!isListed(view, at)) level.cost += 1
    if (word === 'AND' || word === 'OR') level.factor = Math.max(level.factor, BOOLEAN_FACTOR)
    if (view.opens(at)) {
      open.push(level)
      level = { cost: 0, factor: isQuery(view, at) ? QUERY_FACTOR : 1 }
    } else if (word === ')' || word === ']' || word === '}') {
      const inner = level
      level = open.pop() ?? { cost: 0, factor: 1 }
      level.cost += inner.cost * inner.factor
    }
  }
  return level.cost
}

function isListed(view: View, at: number): boolean {
  const kind = view.kind(at)
  return kind === 'string' || kind === 'number' || view.word(at) === ',' || view.word(at) === '-'
}

function isQuery(view: View, at: number): boolean {
  const first = view.word(at + 1)
  return (first === 'SELECT' || first === 'WITH') && !READ_ONCE.has(view.word(at - 1))
}
