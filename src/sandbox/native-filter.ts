// Conditions, as DuckDB reads them → filters of native queries, in Druid's form as far as they are simple.

export type Json = Readonly<Record<string, unknown>>

const STRING_COMPARISON = /^"((?:[^"]|"")*)" (=|<>) '((?:[^']|'')*)'$/
const NULL_TEST = /^"((?:[^"]|"")*)" IS (NOT )?NULL$/

/** The filter for a condition; undefined for `''` and TRUE. Druid would have computed one without columns: 'constant'. */
export function filterOf(condition: string): Json | 'constant' | undefined {
  const text = unwrapped(condition)
  if (text === '' || text === 'TRUE' || SAME.test(text)) return undefined
  if (!text.includes('"')) return 'constant'
  const filter = conditionFilter(text)
  if (filter['type'] !== 'and') return filter
  const fields = (filter['fields'] as readonly Json[]).filter(
    ({ expression }) => typeof expression !== 'string' || !SAME.test(expression),
  )
  const [only, ...more] = fields
  return more.length === 0 ? only : { type: 'and', fields }
}

/** What tools write where nothing is to be filtered. */
const SAME = /^(\d+|'[^']*') = \1$/

/** Parts of an AND or OR are looked into, all else is an expression unless it is a plain comparison. */
export function conditionFilter(condition: string, leaf: (text: string) => Json = plainFilter): Json {
  const text = unwrapped(condition)
  // The AND of a BETWEEN joins no conditions, and those of a CASE are its own.
  const isSplit = splitAt(text, ' BETWEEN ').length === 1 && !text.startsWith('CASE ')
  for (const [type, word] of [
    ['or', ' OR '],
    ['and', ' AND '],
  ] as const) {
    const parts = isSplit ? splitAt(text, word) : []
    if (parts.length > 1)
      return { type, fields: parts.flatMap((part) => sameFields(conditionFilter(part, leaf), type)) }
  }
  if (text.startsWith('NOT ')) return { type: 'not', field: conditionFilter(text.slice(4), leaf) }
  return leaf(text)
}

/** The conditions that are joined by AND, however they are bracketed. */
export function conjunctsOf(condition: string): readonly string[] {
  const text = unwrapped(condition)
  const parts = text.includes(' BETWEEN ') ? [text] : splitAt(text, ' AND ')
  return parts.length === 1 ? parts : parts.flatMap(conjunctsOf)
}

function sameFields(filter: Json, type: string): readonly Json[] {
  return filter['type'] === type ? (filter['fields'] as readonly Json[]) : [filter]
}

function plainFilter(text: string): Json {
  const [, column, operator, value = ''] = STRING_COMPARISON.exec(text) ?? []
  if (column !== undefined) {
    const matchValue = value.replaceAll("''", "'")
    const equals = { type: 'equals', column: nameOf(column), matchValueType: 'STRING', matchValue }
    return operator === '=' ? equals : { type: 'not', field: equals }
  }
  const [, tested, not] = NULL_TEST.exec(text) ?? []
  if (tested === undefined) return { type: 'expression', expression: text }
  const isNull = { type: 'null', column: nameOf(tested) }
  return not === undefined ? isNull : { type: 'not', field: isNull }
}

/** A name from between its quotes. */
export function nameOf(inner: string): string {
  return inner.replaceAll('""', '"')
}

/** Without brackets round all of it. */
export function unwrapped(text: string): string {
  return text.startsWith('(') && closing(text) === text.length - 1 ? unwrapped(text.slice(1, -1)) : text
}

/** Where the bracket closes with which a text begins. */
function closing(text: string): number {
  let depth = 0
  for (const [at, character] of outsideQuotes(text)) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth === 0) return at
  }
  return -1
}

/** The parts between a word, where it stands outside of brackets and quotes. */
function splitAt(text: string, word: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (const [at, character] of outsideQuotes(text)) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth > 0 || !text.startsWith(word, at)) continue
    parts.push(text.slice(from, at))
    from = at + word.length
  }
  return [...parts, text.slice(from)]
}

function* outsideQuotes(text: string): Generator<readonly [at: number, character: string]> {
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (quote === '') yield [at, character]
    if (character === quote) quote = ''
    else if (quote === '' && (character === "'" || character === '"')) quote = character
  }
}
