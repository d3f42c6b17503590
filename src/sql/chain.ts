// A statement as a chain of SELECTs over one table: the bounds of what it reads, and what can be taken apart by time.
import { type Grouped, type NotGrouped, type TimeBounds } from '../plan/grouped.ts'
import { boundsOf } from './bounds.ts'
import { spellShape } from './canonical.ts'
import { type TokenRange } from './clauses.ts'
import { groupedOf } from './grouped.ts'
import { isAggregating, isGrouping, isProjection, isSelection, levelsOf, usesWindow } from './levels.ts'
import { type Normalised } from './normalise.ts'
import { tailOf } from './outputs.ts'
import { parametersIn, type Reader } from './reader.ts'
import { Scopes } from './scopes.ts'
import { type QueryTree } from './tree.ts'
import { NotUnderstood } from './view.ts'

export interface ChainFacts {
  /** Undefined where the statement is no such chain. */
  readonly bounds: TimeBounds | undefined
  readonly grouped: Grouped | NotGrouped
}

interface Given {
  readonly tree: QueryTree
  readonly normalised: Normalised
  readonly range: TokenRange
}

const NOT_A_CHAIN: ChainFacts = { bounds: undefined, grouped: 'subquery' }

/** The facts of a statement that reads one table. */
export function chainFacts(reader: Reader, given: Given): ChainFacts {
  // An alias that names columns may call another one `__time`.
  if (given.normalised.renames) return NOT_A_CHAIN
  try {
    return read(reader, given)
  } catch (error) {
    if (error instanceof NotUnderstood) return NOT_A_CHAIN
    throw error
  }
}

function read(reader: Reader, { tree, normalised, range }: Given): ChainFacts {
  const { view } = reader
  const levels = levelsOf(view, tree, range)
  if (levels === undefined)
    return { bounds: undefined, grouped: tree.selects.length > 1 ? 'several-tables' : 'subquery' }
  const scopes = new Scopes(levels, view)
  const spell = remembered((one: TokenRange) => spellShape(view, { range: one, normalised, cut: [] }))
  // All that is read comes through those SELECTs which only let rows through or not, and the first that does more.
  const selections = levels.toReversed().findIndex((level) => !isSelection(level, reader))
  const from = selections < 0 ? 0 : levels.length - 1 - selections
  const bounds = boundsOf(levels, from, { reader, scopes, spell })
  const at = levels.findIndex((level) => isGrouping(level, reader))
  const level = levels[at]
  const whole = (grouped: NotGrouped): ChainFacts => ({ bounds, grouped })
  if (level === undefined) return whole('not-grouped')
  if (level.select.distinct && isAggregating(level, reader)) return whole('distinct')
  if (usesWindow(levels)) return whole('window-function')
  const tail = tailOf(levels, at)
  const isPlain = levels.slice(0, at).every((one) => isProjection(one, view))
  if (!isPlain || from !== at || tail === undefined || level.select.conditions.length > 0)
    return whole('subquery')
  try {
    const apart = remembered((one) => [spell(one), ...parametersIn([one], view)].join(' '))
    const chain = { reader, scopes, normalised, spell: apart, range, levels, at, level, tail, bounds }
    return { bounds, grouped: groupedOf(chain) }
  } catch (error) {
    if (error instanceof NotUnderstood) return whole('subquery')
    throw error
  }
}

/** Columns are compared with groups and orders again and again. */
function remembered(spell: (range: TokenRange) => string): (range: TokenRange) => string {
  const known = new Map<string, string>()
  return (range) => {
    const key = `${range.start} ${range.end}`
    const text = known.get(key) ?? spell(range)
    known.set(key, text)
    return text
  }
}
