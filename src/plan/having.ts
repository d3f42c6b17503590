// Parameters of HAVING as the literals that they stand for.
import { type Formula, type Grouped } from './grouped.ts'
import { parameterAt } from './parameters.ts'

/** HAVING whose formula has no parameters; without a formula where one of them isn't surely a whole number. */
export function havingWith({ having }: Grouped, parameters: string): Grouped['having'] {
  const formula = having?.formula
  if (formula === undefined) return having
  const own = withLiterals(formula, parameters)
  return own === formula ? having : { formula: own }
}

function withLiterals(formula: Formula, parameters: string): Formula | undefined {
  if (formula.kind === 'parameter') return integer(formula.index, parameters, 'BIGINT')
  if (formula.kind !== 'operation') return formula
  const [only] = formula.of
  // As Cube writes it: each value is a text.
  if (formula.name === 'CAST BIGINT' && only?.kind === 'parameter')
    return integer(only.index, parameters, 'VARCHAR')
  const of: Formula[] = []
  for (const one of formula.of) {
    const own = withLiterals(one, parameters)
    if (own === undefined) return undefined
    of.push(own)
  }
  return of.every((own, at) => own === formula.of[at]) ? formula : { ...formula, of }
}

function integer(index: number, parameters: string, wanted: string): Formula | undefined {
  const { type, value } = parameterAt(parameters, index)
  const isText = wanted === 'VARCHAR' ? typeof value === 'string' : Number.isSafeInteger(value)
  const text = String(value)
  return type === wanted && isText && /^\d{1,15}$/.test(text) ? { kind: 'literal', text } : undefined
}
