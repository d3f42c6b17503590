// Bounds on `__time` of what a chain of SELECTs reads of its table.
import { type TimeBounds } from '../plan/grouped.ts'
import { conjunctsOf, type TokenRange } from './clauses.ts'
import { type Level } from './levels.ts'
import { mentionsTime, type Reader } from './reader.ts'
import { type Scopes } from './scopes.ts'
import { ALWAYS, timeCondition } from './time-conditions.ts'
import { type Expression } from './tree.ts'
import { NotUnderstood } from './view.ts'

/** The bounds, and where each of them stands, a condition of its own between ANDs. */
export interface FoundBounds extends TimeBounds {
  readonly ranges: readonly TokenRange[]
  /** The conditions with the time in them that are no bounds here; '' where there are none. Druid may read bounds in them. */
  readonly unread: string
}

/** Conditions on `__time` alone are bounds, as far as they are understood; any other is a filter like all filters. */
export function boundsOf(
  levels: readonly Level[],
  from: number,
  read: {
    readonly reader: Reader
    readonly scopes: Scopes
    readonly spell: (range: TokenRange) => string
  },
): FoundBounds {
  const { reader, scopes, spell } = read
  const unread: string[] = []
  const all = levels.slice(from).flatMap(({ select, clauses }, index) => {
    const trees = select.where === undefined ? [] : conjuncts(select.where)
    const texts = conjunctsOf(reader.view, clauses.where)
    if (trees.length !== texts.length) throw new NotUnderstood('where')
    return trees.flatMap((tree, at) => {
      const own = scopes.resolved(tree, from + index, levels.length - 1)
      const range = texts[at]
      if (range === undefined || !mentionsTime(own, reader)) return []
      const condition = timeCondition(own, reader)
      if (condition === undefined) unread.push(spell(range))
      return condition === undefined ? [] : [{ condition, range }]
    })
  })
  const conditions = all.map(({ condition }) => condition)
  const [only = ALWAYS, ...more] = conditions
  return {
    time: more.length === 0 ? only : { kind: 'all', of: conditions },
    zone: reader.zone,
    form: all.map(({ range }) => spell(range).replaceAll(/\d/g, '0')).join(' & '),
    ranges: all.map(({ range }) => range),
    unread: unread.join(' & '),
  }
}

function conjuncts(it: Expression): readonly Expression[] {
  return it.kind === 'operator' && it.operator === 'AND' ? it.parts.flatMap(conjuncts) : [it]
}
