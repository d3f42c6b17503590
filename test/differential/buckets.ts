// Random time buckets, in the spellings of the tools.
import { zoneOf } from '../../src/time/zone.ts'
import { type Random } from '../cluster/random.ts'
import { type Bucket } from './question.ts'
import { DAY_MS } from './table.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Periods with about how long each is. */
type Length = readonly [string, number]
const PERIODS: readonly [Length, ...Length[]] = [
  ['PT1M', MINUTE_MS],
  ['PT5M', 5 * MINUTE_MS],
  ['PT15M', 15 * MINUTE_MS],
  ['PT30M', 30 * MINUTE_MS],
  ['PT1H', HOUR_MS],
  ['PT1H', HOUR_MS],
  ['PT2H', 2 * HOUR_MS],
  ['PT6H', 6 * HOUR_MS],
  ['P1D', DAY_MS],
  ['P1D', DAY_MS],
  ['P1W', 7 * DAY_MS],
  ['P1M', 30 * DAY_MS],
  ['P3M', 90 * DAY_MS],
]
const TRUNCATED: readonly [Length, ...Length[]] = [
  ['MINUTE', MINUTE_MS],
  ['HOUR', HOUR_MS],
  ['HOUR', HOUR_MS],
  ['DAY', DAY_MS],
  ['DAY', DAY_MS],
  ['WEEK', 7 * DAY_MS],
  ['MONTH', 30 * DAY_MS],
  ['QUARTER', 90 * DAY_MS],
]
const ZONES = [
  'America/New_York',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
] as const

/** When clocks of these zones change between two moments. */
export function clockChanges(fromMs: number, toMs: number): readonly number[] {
  const changes = ZONES.flatMap((name) => {
    const zone = zoneOf(name)
    const found: number[] = []
    for (let ms = fromMs; zone !== undefined && ms < toMs; ms = found.at(-1) ?? toMs)
      found.push(zone.nextTransition(ms))
    return found.filter((ms) => ms < toMs)
  })
  return [...new Set(changes)]
}

type BucketForm = (random: Random) => Omit<Bucket, 'zone'>

const timeFloor: BucketForm = (random) => {
  const [period, lengthMs] = random.pick(PERIODS)
  return { sql: `TIME_FLOOR("__time", '${period}')`, lengthMs }
}
const floorTo: BucketForm = (random) => {
  const [unit, lengthMs] = random.pick(TRUNCATED)
  return { sql: `FLOOR("__time" TO ${unit})`, lengthMs }
}
const dateTrunc: BucketForm = (random) => {
  const [unit, lengthMs] = random.pick(TRUNCATED)
  return { sql: `DATE_TRUNC('${unit}', "__time")`, lengthMs }
}
const casted: BucketForm = (random) => {
  const [period, lengthMs] = random.pick(PERIODS)
  return { sql: `TIME_FLOOR(CAST("__time" AS TIMESTAMP), '${period}')`, lengthMs }
}
const byDate: BucketForm = () => ({ sql: 'CAST("__time" AS DATE)', lengthMs: DAY_MS })

/** Cube's days and hours of a zone, in a session in UTC. */
export function localBucket(unit: 'day' | 'hour', zone: string): Bucket {
  const sql = `DATE_TRUNC('${unit}', CAST(TIME_FORMAT("__time", 'yyyy-MM-dd HH:mm:ss', '${zone}') AS TIMESTAMP))`
  return { sql, lengthMs: unit === 'day' ? DAY_MS : HOUR_MS, zone: undefined }
}

/** In any session's zone. */
const PLAIN_FORMS = [timeFloor, timeFloor, floorTo, floorTo, dateTrunc, casted, byDate] as const

/** For sessions in UTC. */
const UTC_FORMS: readonly [BucketForm, ...BucketForm[]] = [
  timeFloor,
  (random) => {
    const [period, lengthMs] = random.pick(PERIODS)
    return { sql: `TIME_FLOOR("__time", '${period}', NULL, '${random.pick(ZONES)}')`, lengthMs }
  },
  () => ({ sql: `TIME_FLOOR("__time", 'P2W', TIMESTAMP '2026-09-27 00:00:00')`, lengthMs: 14 * DAY_MS }),
  () => ({ sql: `TIME_FLOOR("__time", 'P1D', TIMESTAMP '2026-01-01 06:30:00')`, lengthMs: DAY_MS }),
  // Superset's weeks from Sunday.
  () => ({
    sql: `TIME_SHIFT(TIME_FLOOR(TIME_SHIFT(CAST("__time" AS TIMESTAMP), 'P1D', 1), 'P1W'), 'P1D', -1)`,
    lengthMs: 7 * DAY_MS,
  }),
  () => ({
    sql: `TIMESTAMPADD(HOUR, -3, FLOOR(TIMESTAMPADD(HOUR, 3, "__time") TO DAY))`,
    lengthMs: DAY_MS,
  }),
  () => ({ sql: `FLOOR("__time" + INTERVAL '1' DAY TO WEEK) - INTERVAL '1' DAY`, lengthMs: 7 * DAY_MS }),
  // Grafana's, which are merged: a number, and an instant.
  () => ({ sql: `FLOOR(TIMESTAMP_TO_MILLIS("__time") / 300000) * 300000`, lengthMs: 5 * MINUTE_MS }),
  () => ({
    sql: `MILLIS_TO_TIMESTAMP((TIMESTAMP_TO_MILLIS("__time") / 3600000) * 3600000)`,
    lengthMs: HOUR_MS,
  }),
  (random) => localBucket('day', random.pick(ZONES)),
  (random) => localBucket('hour', random.pick(ZONES)),
  () => ({ sql: `CAST(TIME_FLOOR("__time", 'P1D') AS VARCHAR)`, lengthMs: DAY_MS }),
]

/** One of a session in UTC mostly, of another zone at times. */
export function randomBucket(random: Random): Bucket {
  const luck = random.next()
  if (luck < 0.2) return { ...random.pick(PLAIN_FORMS)(random), zone: random.pick(ZONES) }
  return { ...(luck < 0.7 ? random.pick(PLAIN_FORMS) : random.pick(UTC_FORMS))(random), zone: undefined }
}
