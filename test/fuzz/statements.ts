// Statements of tools, whole and after accidents.
import { type Random } from '../cluster/random.ts'
import { allStatements } from '../statements/all.ts'
import { mutated } from './mutate.ts'

const TEXTS = allStatements(Date.parse('2026-11-25T00:00:00Z')).map(({ sql }) => sql)

const PIECES: [string, ...string[]] = [
  ' ',
  "'",
  '"',
  '(',
  ')',
  ',',
  ';',
  '--',
  '/*',
  '*/',
  '/*+ x */',
  "U&'\\00e4'",
  '?',
  '\n',
  ' AND ',
  ' OR ',
  ' NOT ',
  ' UNION ALL ',
  ' SELECT ',
  ' FROM "events" ',
  ' WHERE ',
  ' GROUP BY 1 ',
  ' LIMIT 1 ',
  ' CASE WHEN ',
  ' END ',
  ' FILTER (WHERE ',
  ' OVER (',
  ' INTERVAL ',
  " '1' DAY",
  ' CURRENT_TIMESTAMP ',
  '__time',
  ' BETWEEN ',
  "TIMESTAMP '2026-11-01'",
  '((((',
  '))))',
  '-',
  '.',
  '{fn ',
  '\u0000',
  'é',
]

/** One in four as its tool writes it. */
export function randomStatement(random: Random): string {
  const text = TEXTS[random.below(TEXTS.length)] ?? 'SELECT 1'
  if (random.below(4) === 0) return text
  const other = TEXTS[random.below(TEXTS.length)] ?? ''
  const joined = random.below(8) === 0 ? text.slice(0, random.below(text.length)) + other : text
  return mutated(Buffer.from(joined, 'latin1'), random, PIECES).toString('latin1')
}
