// A query: what was asked, free of wire format and of how the client is connected.

declare const brand: unique symbol
type Brand<Value, Name extends string> = Value & { readonly [brand]: Name }

/** Who asks, as an opaque scope: equal exactly for requests between which Druid can't tell users apart. */
export type IdentityScope = Brand<string, 'IdentityScope'>
/** The key of a whole result: equal keys ask the same thing in the same scope. */
export type WholeKey = Brand<string, 'WholeKey'>
/** The key of what can share parts: a question with its window, order and limit taken out, in one scope. */
export type ShapeKey = Brand<string, 'ShapeKey'>

export interface Query {
  readonly sql: string
  /** The JSON text of `parameters` as it came, '' when there are none: a BIGINT never passes through a JS number. */
  readonly parameters: string
  /** Fields of the body that Druid 33 doesn't know (a newer one may), in the order of their names, as JSON text. */
  readonly extras: ReadonlyMap<string, string>
  /** Context keys in the order of their names, each value as its JSON text. */
  readonly context: ReadonlyMap<string, string>
}

/** A context value as text: strings without their quotes, anything else as its JSON text. */
export function contextText(query: Query, name: string): string | undefined {
  const token = query.context.get(name)
  if (token === undefined || token === 'null') return undefined
  return token.startsWith('"') ? String(JSON.parse(token)) : token
}
