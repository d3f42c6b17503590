// `__time` where rows are grouped: what it is called there, and what the SELECTs inside need so that it is there.
import { type TimeColumn } from '../plan/grouped.ts'
import { stretchOf } from './formulas.ts'
import { isStar, type Level } from './levels.ts'
import { pathAt } from './names.ts'
import { type Reader, TIME } from './reader.ts'
import { type Scopes } from './scopes.ts'

/** A column that Ovate adds on the way. */
const ADDED = '__ovate_time'

/** `inner`: the SELECTs inside of the one that groups, the one that reads the table last. */
export function timeColumn(inner: readonly Level[], scopes: Scopes, reader: Reader): TimeColumn {
  const { view } = reader
  let name = TIME
  const added: { readonly at: number; readonly text: string }[] = []
  for (const { select, clauses } of inner.toReversed()) {
    const { columns } = select
    const isPassing = columns.some(({ value }) => isStar(value, view))
    const shown = columns.filter(
      ({ value }) => value.kind === 'name' && pathAt(view.tokens, value.at).at(-1) === name,
    )
    const names = columns.map((column) => scopes.nameOf(column))
    const [outside] = isPassing ? [name] : shown.map((column) => scopes.nameOf(column))
    const uses = names.filter((one) => one === outside).length + (isPassing ? 1 : 0)
    if (outside !== undefined && uses === 1) {
      name = outside
      continue
    }
    const { to } = stretchOf({ start: clauses.query.start, end: clauses.items.at(-1)?.end ?? 0 }, reader)
    added.push({ at: to, text: `, ${quoted(name)} AS ${quoted(ADDED)}` })
    name = ADDED
  }
  return { name: quoted(name), added }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
