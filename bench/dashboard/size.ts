// How long a run is.

/** From one refresh of a viewer to the next. */
export const PERIOD_MS = 10_000

/** How often all viewers refresh in each part of a run, and how many answers over sealed data are compared. */
export interface Size {
  readonly viewers: number
  readonly direct: number
  readonly warming: number
  /** Of the warm-up only. */
  readonly warmingViewers: number
  readonly warmingPeriodMs: number
  readonly steady: number
  readonly spread: number
  readonly spreadMs: number
  /** While nothing comes in. */
  readonly paused: number
  readonly compared: number
}

export const FULL: Size = {
  viewers: 10,
  direct: 2,
  warming: 3,
  warmingViewers: 10,
  warmingPeriodMs: PERIOD_MS,
  steady: 8,
  spread: 3,
  spreadMs: PERIOD_MS,
  paused: 2,
  compared: Number.POSITIVE_INFINITY,
}

export const QUICK: Size = {
  viewers: 4,
  direct: 1,
  warming: 3,
  warmingViewers: 1,
  warmingPeriodMs: 2_000,
  steady: 1,
  spread: 1,
  spreadMs: 3_000,
  paused: 1,
  compared: 120,
}
