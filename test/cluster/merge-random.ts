// Random statements over aggregates: whatever of them is merged must be what Druid says.
import { type Random } from './random.ts'

/** What isn't added up as doubles: orders by last bits aren't compared. */
const EXACT = [
  'COUNT(*)',
  'SUM(added)',
  'SUM(deleted)',
  'MIN(delta)',
  'MAX(deleted)',
  'COUNT(latency)',
  'SUM(reqId)',
  'MAX(reqId)',
  `SUM(added) FILTER (WHERE country = 'none')`,
  `COUNT(*) FILTER (WHERE device = 'tv')`,
  'MAX(price)',
  'MIN(weight)',
  'MAX(CAST(latency AS DOUBLE))',
] as const
const NUMBERS = [
  ...EXACT,
  'SUM(price)',
  'AVG(added)',
  'AVG(reqId)',
  `AVG(price) FILTER (WHERE country = 'none')`,
] as const
const LITERALS = ['0', '1', '2', '7', '100', '3000000000', '0.5', '2.5', '1e2', '0.1'] as const
const ARITHMETIC = ['+', '-', '*', '/'] as const
const COMPARISONS = ['=', '<>', '<', '<=', '>', '>='] as const
/** In the order in which Druid groups by them: that of the table's columns. */
const DIMENSIONS = ['', 'device', 'city', 'isRobot', 'city, device', 'tags'] as const

/** A statement under a condition on `__time`. */
export function randomStatement(random: Random, where: string): string {
  const dimensions = random.pick(DIMENSIONS)
  const columns = [
    ...(dimensions === '' ? [] : [dimensions]),
    ...Array.from({ length: 3 }, () => number(random, 3)),
    condition(random, 2),
  ]
  const group = dimensions === '' ? '' : ` GROUP BY ${dimensions}`
  const having = random.next() < 0.5 ? ` HAVING ${condition(random, 2)}` : ''
  const order =
    random.next() < 0.4 ? ` ORDER BY ${number(random, 2, EXACT)}${random.next() < 0.5 ? ' DESC' : ''}` : ''
  return `SELECT ${columns.join(', ')} FROM events WHERE ${where}${group}${having}${order}`
}

function number(random: Random, depth: number, from: typeof EXACT | typeof NUMBERS = NUMBERS): string {
  const of = random.next()
  if (depth === 0 || of < 0.25) return random.pick<string>(from)
  const inner = (): string => number(random, depth - 1, from)
  const other = (): string => (random.next() < 0.5 ? random.pick(LITERALS) : inner())
  if (of < 0.5) {
    const [a, b] = random.next() < 0.8 ? [inner(), other()] : [other(), inner()]
    return `(${a} ${random.pick(ARITHMETIC)} ${b})`
  }
  if (of < 0.53) return `(- ${inner()})`
  if (of < 0.65) return `NULLIF(${inner()}, ${other()})`
  if (of < 0.77) return `COALESCE(${inner()}, ${other()})`
  return `CAST(${inner()} AS ${random.next() < 0.7 ? 'DOUBLE' : 'BIGINT'})`
}

function condition(random: Random, depth: number): string {
  const of = random.next()
  const inner = (): string => condition(random, depth - 1)
  if (depth === 0 || of < 0.5) {
    const other = random.next() < 0.7 ? random.pick(LITERALS) : number(random, 1)
    return `(${number(random, 1)} ${random.pick(COMPARISONS)} ${other})`
  }
  if (of < 0.6) return `(${number(random, 1)} IS ${random.next() < 0.5 ? 'NOT ' : ''}NULL)`
  if (of < 0.7) return `(NOT ${inner()})`
  return `(${inner()} ${random.next() < 0.5 ? 'AND' : 'OR'} ${inner()})`
}
