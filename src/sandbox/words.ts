// Values of a request's JSON where a word is due.

/** A text as it is, all else as JSON. */
export function words(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}
