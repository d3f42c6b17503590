// What dashboards ask of several replicas: texts that everybody has open, windows that slide by the second, and some that nobody
// asked before.
import { type Random } from '../../test/cluster/random.ts'
import { EVENTS_CHARTS } from '../dashboard/events-charts.ts'
import { type Now, type Statement, statementsOf } from '../dashboard/statement.ts'
import { type Drawn } from './load.ts'

const REPEATED = 0.5
const SLIDING = 0.4

const STATEMENTS = statementsOf(EVENTS_CHARTS)
/** Others name the table's columns in a way of their own. */
const COLD = STATEMENTS.filter(({ tool }) => tool === 'superset')

/** `nowOf`: what the clocks show; `literals`: numbers never used before, which exclude no row. */
export function mixOf(random: Random, nowOf: () => Now, literals: () => number): () => Drawn {
  const opened = nowOf()
  return () => {
    const share = random.next()
    if (share < REPEATED) return { statement: pick(STATEMENTS, random), now: opened }
    if (share < REPEATED + SLIDING) return { statement: pick(STATEMENTS, random), now: nowOf() }
    return { statement: neverAsked(pick(COLD, random), literals()), now: nowOf() }
  }
}

function pick(statements: readonly Statement[], random: Random): Statement {
  const found = statements[random.below(statements.length)]
  if (found === undefined) throw new Error('no statements')
  return found
}

function neverAsked(statement: Statement, literal: number): Statement {
  const { range } = statement
  return {
    ...statement,
    range: { ...range, where: (span) => `"delta" <> ${literal} AND ${range.where(span)}` },
  }
}
