// The table that random statements read: its columns, and rows that look random and are the same for a seed.
import { type Random } from '../cluster/random.ts'
import { type ColumnKind } from '../../src/sandbox/store.ts'

export const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/**
 * Moments that now, and bounds relative to it, may have are whole steps of this. Rows keep two seconds away from them, so
 * that an answer doesn't depend on how well a Broker's clock is known.
 */
export const STEP_MS = 10_000
const AWAY_MS = 2_000

export const COLUMNS: ReadonlyMap<string, ColumnKind> = new Map<string, ColumnKind>([
  ['__time', 'TIMESTAMP'],
  ['country', 'VARCHAR'],
  ['device', 'VARCHAR'],
  ['city', 'VARCHAR'],
  ['isRobot', 'BIGINT'],
  ['big', 'BIGINT'],
  ['added', 'BIGINT'],
  ['deleted', 'BIGINT'],
  ['price', 'DOUBLE'],
  ['weight', 'DOUBLE'],
])

/** A row: `atMs` and its columns. */
export interface Row {
  readonly atMs: number
  readonly country: string | null
  readonly device: string
  readonly city: string | null
  readonly isRobot: number
  /** Past 2^53. */
  readonly big: bigint
  readonly added: number
  readonly deleted: number | null
  /** Quarters, whose sums are exact in whatever order they are made. */
  readonly price: number | null
  /** Of many digits: the last bits of its sums depend on the order. */
  readonly weight: number
  /** Columns that came later. */
  readonly more: Readonly<Record<string, string>>
}

const COUNTRIES = ['US', 'US', 'DE', 'FR', 'JP', 'BR', null, null] as const
const DEVICES = ['mobile', 'desktop', 'tablet'] as const
const CITIES = ['Berlin', 'München', '東京', '', 'a"b', "it's", null] as const

/** So many rows at random moments of `[fromMs, toMs)`. */
export function randomRows(
  random: Random,
  span: { readonly fromMs: number; readonly toMs: number },
  count: number,
  more: Readonly<Record<string, string>> = {},
): Row[] {
  return Array.from({ length: count }, () => {
    const step = random.below(Math.max(1, Math.floor((span.toMs - span.fromMs) / STEP_MS)))
    const within = AWAY_MS + random.below(STEP_MS - 2 * AWAY_MS)
    return {
      atMs: span.fromMs + step * STEP_MS + within,
      country: random.pick(COUNTRIES),
      device: random.pick(DEVICES),
      city: random.pick(CITIES),
      isRobot: random.next() < 0.1 ? 1 : 0,
      big: 9_007_199_254_740_993n + BigInt(random.below(1_000)),
      added: random.below(200) - 20,
      deleted: random.next() < 0.3 ? null : random.below(50),
      price: random.next() < 0.05 ? null : random.below(4_000) / 4,
      weight: random.next() * 100,
      more,
    }
  })
}

/** Rows of whole days; about one day in ten has none, and most of another one's hours are empty. */
export function daysOfRows(random: Random, days: readonly number[], perDay: number): Row[] {
  return days.flatMap((day) => {
    const luck = random.next()
    if (luck < 0.1) return []
    const hours = luck < 0.2 ? 3 : 24
    return randomRows(random, { fromMs: day, toMs: day + hours * HOUR_MS }, perDay)
  })
}

/** Midnights (UTC) of `[fromMs, toMs)`. */
export function midnights(fromMs: number, toMs: number): number[] {
  const first = Math.ceil(fromMs / DAY_MS)
  return Array.from({ length: Math.ceil(toMs / DAY_MS) - first }, (_, index) => (first + index) * DAY_MS)
}
