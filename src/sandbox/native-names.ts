// Names in a native query: Druid numbers dimensions, aggregations, post-aggregations and virtual columns as it meets them.
import { type AggregateCall } from './found.ts'
import { type Json, nameOf } from './native-filter.ts'
import { type Selection } from './selection.ts'

/** Types of Druid by text of an expression. */
export type Types = ReadonlyMap<string, string>

const COLUMN = /^"((?:[^"]|"")*)"$/
/** What leaves a time as it is. */
const SAME_INSTANT = /^(?:epoch_ms\()?(?:druid_time\()?("[ad]\d+")(?:, '[^']*'\))?\)?$/

export class NativeNames {
  /** Aggregates in the order of their numbers. */
  readonly aggregates: { readonly name: string; readonly call: AggregateCall }[] = []
  readonly virtualColumns: Json[] = []
  readonly posts: Json[] = []
  readonly #known = new Map<string, string>()
  readonly #calls: ReadonlyMap<string, AggregateCall>
  readonly #pattern: RegExp
  readonly #types: Types

  constructor({ aggregates, groups }: Pick<Selection, 'aggregates' | 'groups'>, types: Types) {
    this.#calls = aggregates
    this.#types = types
    for (const [index, group] of (groups ?? []).entries()) this.#known.set(group, `d${index}`)
    // The longest first: a call without FILTER is the beginning of one with it.
    const texts = [...aggregates.keys(), ...this.#known.keys()].toSorted((a, b) => b.length - a.length)
    this.#pattern = new RegExp(texts.map(escaped).join('|') || '(?!)', 'g')
  }

  /** The name of what a column, an order or a HAVING is computed by; a post-aggregation is made where one is needed. */
  nameOf(expression: string): string {
    const text = this.resolved(expression)
    const [, name] = /^"([da]\d+)"$/.exec(text) ?? []
    if (name !== undefined) return name
    const known = this.posts.find((post) => post['expression'] === text)
    if (known !== undefined) return String(known['name'])
    const post = `p${this.posts.length}`
    const outputType = this.#types.get(expression) ?? 'DOUBLE'
    this.posts.push({ type: 'expression', name: post, expression: text, outputType })
    return post
  }

  /** An expression over dimensions and aggregates, with their names instead of them. */
  resolved(expression: string): string {
    const text = expression.replaceAll(this.#pattern, (found) => `"${this.#nameFor(found)}"`)
    return SAME_INSTANT.exec(text)?.[1] ?? text
  }

  /** The column in which a native query finds an expression over the datasource. */
  columnFor(expression: string, native = expression, outputType = this.#types.get(expression)): string {
    const [, column] = COLUMN.exec(native) ?? []
    if (column !== undefined) return nameOf(column)
    const known = this.virtualColumns.find(
      (one) => one['expression'] === native && one['outputType'] === outputType,
    )
    if (known !== undefined) return String(known['name'])
    const name = `v${this.virtualColumns.length}`
    this.virtualColumns.push({ type: 'expression', name, expression: native, outputType })
    return name
  }

  #nameFor(found: string): string {
    const known = this.#known.get(found)
    if (known !== undefined) return known
    const name = `a${this.aggregates.length}`
    const call = this.#calls.get(found)
    if (call !== undefined) this.aggregates.push({ name, call })
    this.#known.set(found, name)
    return name
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
}
