// Where the parts of a grouped aggregate stand, and its shape.
import { type Grouped } from '../plan/grouped.ts'
import { type FoundBounds } from './bounds.ts'
import { spellShape } from './canonical.ts'
import { type Clauses, type TokenRange } from './clauses.ts'
import { stretchOf } from './formulas.ts'
import { isStar, type Level } from './levels.ts'
import { type Normalised } from './normalise.ts'
import { type Tail } from './outputs.ts'
import { type Reader } from './reader.ts'
import { type Scopes } from './scopes.ts'

/** A statement over a chain of SELECTs, one of which groups. */
export interface GroupedChain {
  readonly reader: Reader
  readonly scopes: Scopes
  readonly normalised: Normalised
  /** Equal where tokens mean the same; two `?` never do. */
  readonly spell: (range: TokenRange) => string
  /** The whole statement. */
  readonly range: TokenRange
  readonly levels: readonly Level[]
  /** The number of the SELECT that groups. */
  readonly at: number
  readonly level: Level
  readonly tail: Tail
  readonly bounds: FoundBounds
}

/** The clauses of the SELECT that orders and cuts for all. */
export function tailClauses({ levels, level, tail }: GroupedChain): Clauses {
  return (levels[tail.at] ?? level).clauses
}

/** Parts of the text, to be replaced or added to. */
export function textsOf(chain: GroupedChain): Grouped['texts'] {
  const { reader, levels, level, at, tail } = chain
  const { query, groupBy, having } = level.clauses
  const stretch = (range: TokenRange): ReturnType<typeof stretchOf> => stretchOf(range, reader)
  return {
    select: stretch(shownBy(level)),
    distinct: level.select.distinct ? stretch({ start: query.start + 1, end: query.start + 2 }) : undefined,
    // The one that reads the table has the column, whatever those outside select.
    where: stretch((levels.at(-1) ?? level).clauses.where),
    groupBy: stretch(groupBy),
    having: stretch(withWord(having)),
    outer: levels.slice(0, at).map((one) => ({
      select: stretch(shownBy(one)),
      isStar: one.select.columns.some(({ value }) => isStar(value, reader.view)),
      where: stretch(withWord(one.clauses.where)),
    })),
    tail: stretch(tailClauses(chain).tail),
    idle: tail.idle.map((index) => stretch((levels[index] ?? level).clauses.tail)),
  }
}

function shownBy({ clauses: { items, query } }: Level): TokenRange {
  return { start: query.start + 1, end: items.at(-1)?.end ?? query.start + 1 }
}

function withWord({ start, end }: TokenRange): TokenRange {
  return { start: start === end ? start : start - 1, end }
}

/** What is asked whatever the window, the order and the limit. */
export function shapeOf(chain: GroupedChain): string {
  const { reader, range, normalised, tail, bounds } = chain
  const end = tailClauses(chain).tail
  // What orders and cuts stands at the end of the whole statement, or somewhere in it.
  const isLast = tail.at === 0
  return spellShape(reader.view, {
    range: isLast ? { start: range.start, end: end.start } : range,
    normalised,
    cut: isLast || end.start === end.end ? bounds.ranges : [...bounds.ranges, end],
  })
}
