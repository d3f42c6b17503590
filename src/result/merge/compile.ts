// Formulas of plan into what runs over groups: only those of which it is known what Druid makes of them.
import { type Formula } from '../../plan/grouped.ts'
import { arithmetic, cast } from './arithmetic.ts'
import { caseWhen, coalesce, nullIf } from './choices.ts'
import { type Compiled, type Scope, type Value } from './compiled.ts'
import { comparison, logic, nullTest } from './conditions.ts'
import { type GroupTable } from './group-table.ts'
import { literal } from './literals.ts'
import { readLong } from './long.ts'
import { type ValueType } from './value-types.ts'

/** Whether what Druid makes of a formula, used in this way, is known. */
export function isComputable(formula: Formula, scope: Scope): boolean {
  return compile(formula, scope) !== undefined
}

/** Undefined where it isn't known what Druid makes of a formula. */
export function compile(formula: Formula, scope: Scope): Compiled | undefined {
  switch (formula.kind) {
    case 'literal':
      return literal(formula.text)
    // What it stands for was put in its place, where that is known.
    case 'parameter':
      return undefined
    case 'aggregate':
      return aggregate(formula.index, scope)
    case 'dimension':
      return dimension(formula.index, scope)
    case 'operation': {
      // Of a cast to BIGINT and back, or to DOUBLE and back, Druid makes nothing at all (33.0.0).
      if (isCast(formula) && formula.of.some(isCast)) return undefined
      const operands: Compiled[] = []
      for (const one of formula.of) {
        const operand = compile(one, scope)
        if (operand === undefined) return undefined
        operands.push(operand)
      }
      return operation(formula.name, operands, scope)
    }
  }
}

function isCast(formula: Formula): boolean {
  return formula.kind === 'operation' && formula.name.startsWith('CAST ')
}

function operation(name: string, operands: readonly Compiled[], { use }: Scope): Compiled | undefined {
  switch (name) {
    case '+':
    case '-':
    case '*':
    case '/':
      return arithmetic(name, operands)
    case '=':
    case '<>':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(name, operands)
    case 'AND':
    case 'OR':
    case 'NOT':
      return logic(name, operands)
    case 'IS':
    case 'IS NOT':
      return nullTest(name, operands)
    case 'NULLIF':
      return inOrder(nullIf(operands), use)
    case 'COALESCE':
      return inOrder(coalesce(operands), use)
    // In filters and orders Druid may make something else of it.
    case 'CASE':
      return use === 'column' ? caseWhen(operands) : undefined
    case 'CAST DOUBLE':
      return cast('DOUBLE', operands, use)
    case 'CAST BIGINT':
      return cast('LONG', operands, use)
    default:
      return undefined
  }
}

/** Texts are held here as the JSON that Druid wrote, which has an order of its own. */
function inOrder(compiled: Compiled | undefined, use: Scope['use']): Compiled | undefined {
  return use === 'order' && compiled?.type === 'STRING' ? undefined : compiled
}

function aggregate(index: number, { aggregates }: Scope): Compiled | undefined {
  const found = aggregates[index]
  if (found === undefined) return undefined
  return {
    type: found.type,
    evaluate: (table, group) => table.aggregate(index, group),
    canFail: false,
    isInexact: found.type === 'DOUBLE' && (found.kind === 'sum' || found.kind === 'avg'),
    constant: undefined,
  }
}

/**
 * Not in HAVING: Druid moves conditions on dimensions alone into WHERE, where one on a multi-value dimension keeps rows
 * for any of their values (33.0.0).
 */
function dimension(index: number, { dimensions, use }: Scope): Compiled | undefined {
  const type = dimensions[index]
  if (type === undefined || use === 'having') return undefined
  return {
    type,
    evaluate: (table, group) => dimensionValue(table, index, group, type),
    canFail: false,
    isInexact: false,
    constant: undefined,
  }
}

function dimensionValue(table: GroupTable, index: number, group: number, type: ValueType): Value {
  const cell = table.dimension(index, group)
  if (cell === 'null') return null
  switch (type) {
    case 'LONG': {
      const bytes = Buffer.from(cell, 'latin1')
      return readLong(bytes, 0, bytes.length)
    }
    case 'DOUBLE':
      return Number(cell.startsWith('"') ? cell.slice(1, -1) : cell)
    case 'BOOLEAN':
      return cell === 'true' ? 1 : 0
    // What can't be computed with is only ever asked whether it is null.
    case 'FLOAT':
    case 'TIME':
    case 'STRING':
    case 'OTHER':
      return cell
  }
}
