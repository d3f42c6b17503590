/** The ends of time, ms: as far as a JS Date goes. What lies beyond them is not told apart. */
export const FIRST_MS = -8_640_000_000_000_000
export const LAST_MS = 8_640_000_000_000_000
export const ALL_TIME: readonly { readonly startMs: number; readonly endMs: number }[] = [
  { startMs: FIRST_MS, endMs: LAST_MS },
]
