// `parameters` of a request, of which Druid gives each `?` of the text its value, by its place.

export interface Parameter {
  /** Upper case, '' where there is none. */
  readonly type: string
  readonly value: unknown
}

const NONE: Parameter = { type: '', value: undefined }

/** The parameter at an index, from 0; `parameters` is JSON text, '' for none. An integer beyond 2^53 isn't told exactly. */
export function parameterAt(parameters: string, index: number): Parameter {
  const list: unknown = parameters === '' ? [] : JSON.parse(parameters)
  const given: unknown = Array.isArray(list) ? list[index] : undefined
  if (typeof given !== 'object' || given === null) return NONE
  const { type, value } = given as { readonly type?: unknown; readonly value?: unknown }
  return { type: typeof type === 'string' ? type.toUpperCase() : '', value }
}
