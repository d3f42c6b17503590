// Parts of a native query as texts of their own: without the names that Druid gave, virtual columns by what they compute.
// Read from plans of 33.0.0.
import { isJson, type Json } from './json.ts'

/** Names that Druid gave, of no meaning outside of their query. */
const GIVEN_NAMES = new Set(['name', 'outputName'])
/** Keys under which columns are named. */
const COLUMN_KEYS = new Set([
  'column',
  'columnName',
  'dimension',
  'fieldName',
  'fieldNames',
  'fields',
  'timeColumn',
])
/** Keys under which texts of the client's stand, which may look like a name. */
const VALUE_KEYS = new Set(['field', 'lower', 'matchValue', 'pattern', 'sortedValues', 'upper', 'values'])
/** Keys of native expressions. */
const EXPRESSION_KEYS = new Set(['expression', 'fold'])

/** What is written of one query. */
export class NativeTexts {
  readonly #columns: ReadonlyMap<string, Json>
  readonly #known = new Map<string, string>()
  readonly #open = new Set<string>()
  #isWhole = true

  constructor(virtualColumns: readonly Json[]) {
    const names = virtualColumns.map(nameOf)
    this.#columns = new Map(virtualColumns.map((one, at) => [names[at] ?? '', one]))
    if (names.includes(undefined) || this.#columns.size < names.length) this.#isWhole = false
  }

  /** Whether every virtual column was found where texts so far refer to it: else two of them may be equal by chance. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** JSON with its keys in order. */
  text(value: unknown, key = 'column'): string {
    if (typeof value === 'string') return JSON.stringify(this.#string(value, key))
    if (Array.isArray(value)) return `[${value.map((one) => this.text(one, key)).join(',')}]`
    if (!isJson(value)) return JSON.stringify(value)
    // Druid writes the parts of AND and OR in no fixed order.
    const { type, fields } = value
    if ((type === 'and' || type === 'or') && Array.isArray(fields)) {
      const parts = fields.map((one) => this.text(one)).toSorted()
      return `{"fields":[${parts.join(',')}],"type":"${type}"}`
    }
    const members = Object.entries(value)
      .filter(([name]) => !GIVEN_NAMES.has(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => `${JSON.stringify(name)}:${this.text(one, name)}`)
    return `{${members.join(',')}}`
  }

  /** What a virtual column computes; undefined for any other column. */
  column(name: string): string | undefined {
    const column = this.#columns.get(name)
    if (column === undefined) return undefined
    const known = this.#known.get(name)
    if (known !== undefined) return known
    if (this.#open.has(name)) return this.#unknown(name)
    this.#open.add(name)
    const text = this.#computed(column)
    this.#open.delete(name)
    this.#known.set(name, text)
    return text
  }

  #computed(column: Json): string {
    return column['type'] === 'expression'
      ? `${this.#expression(String(column['expression']))} ${String(column['outputType'])}`
      : this.text(column)
  }

  #string(value: string, key: string): string {
    if (VALUE_KEYS.has(key)) return value
    if (COLUMN_KEYS.has(key)) return this.column(value) ?? value
    const resolved = this.#expression(value)
    return EXPRESSION_KEYS.has(key) || resolved === value ? resolved : this.#unknown(value)
  }

  #expression(text: string): string {
    return resolvedExpression(text, (name) => this.column(name))
  }

  #unknown(text: string): string {
    this.#isWhole = false
    return text
  }
}

/** Those of a path into JSON call their name `outputName`. */
function nameOf(column: Json): string | undefined {
  const name = column['name'] ?? column['outputName']
  return typeof name === 'string' ? name : undefined
}

/** Literals, names in quotes, and names and words without, as in Druid's `Expr.g4`. */
const TOKEN = /'(?:[^'\\]|\\.)*'|"((?:[^"\\]|\\.)*)"|[_$a-zA-Z][_$a-zA-Z0-9]*/g

/** A native expression with what names stand for in the place of names. */
export function resolvedExpression(expression: string, of: (name: string) => string | undefined): string {
  return expression.replaceAll(TOKEN, (token, quoted: string | undefined) => {
    const known = token.startsWith("'") ? undefined : of(quoted ?? token)
    return known === undefined ? token : `{${known}}`
  })
}
