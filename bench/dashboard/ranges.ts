// How tools write windows that end at now.
import { type Range, type Span } from './statement.ts'

const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

const floor = (ms: number, unitMs: number): number => ms - (ms % unitMs)
const iso = (ms: number): string => new Date(ms).toISOString()
const blank = (ms: number): string => iso(ms).slice(0, 19).replace('T', ' ')

/** From `lengthMs` before now to now, both cut to whole units. */
function last(lengthMs: number, unitMs: number): (nowMs: number) => Span {
  return (nowMs) => ({ startMs: floor(nowMs, unitMs) - lengthMs, endMs: floor(nowMs, unitMs) })
}

/** Whole units, the one that has begun among them. */
function lastWith(count: number, unitMs: number): (nowMs: number) => Span {
  return (nowMs) => {
    const endMs = floor(nowMs, unitMs) + unitMs
    return { startMs: endMs - count * unitMs, endMs }
  }
}

const supersetWhere = ({ startMs, endMs }: Span): string =>
  `"__time" >= '${blank(startMs)}.000000' AND "__time" < '${blank(endMs)}.000000'`

/** Superset cuts relative ranges to midnight; ranges up to `now` are written to the second, for each statement anew. */
export const superset = {
  days: (count: number): Range => ({ span: last(count * DAY_MS, DAY_MS), where: supersetWhere }),
  untilNow: (lengthMs: number): Range => ({ span: last(lengthMs, SECOND_MS), where: supersetWhere }),
  today: {
    span: (nowMs) => ({ startMs: floor(nowMs, DAY_MS), endMs: floor(nowMs, SECOND_MS) }),
    where: supersetWhere,
  } satisfies Range,
  /** The same range some time before, for a comparison: written twice. */
  before: (lengthMs: number, shiftMs: number): Range => ({
    span: (nowMs) => last(lengthMs, SECOND_MS)(nowMs - shiftMs),
    where: (span) => `${supersetWhere(span)} AND ${supersetWhere(span)}`,
  }),
}

/** Grafana's browser writes milliseconds, both ends included, one pair for all panels of a refresh. */
export const grafana = {
  last: (lengthMs: number): Range => ({
    span: (nowMs) => ({ startMs: nowMs - lengthMs, endMs: nowMs + 1 }),
    where: ({ startMs, endMs }) =>
      `__time >= MILLIS_TO_TIMESTAMP(${startMs}) AND __time <= MILLIS_TO_TIMESTAMP(${endMs - 1})`,
  }),
  current: (minutes: number): Range => ({
    relative: true,
    span: (nowMs) => ({ startMs: nowMs - minutes * MINUTE_MS, endMs: Number.POSITIVE_INFINITY }),
    where: () => `__time >= CURRENT_TIMESTAMP - INTERVAL '${minutes}' MINUTE`,
  }),
}

const tableauWhere = ({ startMs, endMs }: Span): string =>
  `(("events"."__time" >= TIMESTAMP '${blank(startMs)}.000') AND ("events"."__time" < TIMESTAMP '${blank(endMs)}.000'))`

/** Tableau's relative dates are whole units, the present one among them. */
export const tableau = {
  days: (count: number): Range => ({ span: lastWith(count, DAY_MS), where: tableauWhere }),
  hours: (count: number): Range => ({ span: lastWith(count, HOUR_MS), where: tableauWhere }),
}

const UNITS_MS = { DAY: DAY_MS, HOUR: HOUR_MS } as const
type Unit = keyof typeof UNITS_MS

export const looker = {
  last: (count: number, unit: Unit): Range => {
    const from = `TIMESTAMPADD(${unit}, -${count - 1}, FLOOR(CURRENT_TIMESTAMP TO ${unit}))`
    return {
      relative: true,
      span: lastWith(count, UNITS_MS[unit]),
      where: () =>
        `((( events.__time ) >= ((${from})) AND ( events.__time ) < ((TIMESTAMPADD(${unit}, ${count}, ${from})))))`,
    }
  },
}

export const metabase = {
  /** Of a table, with schema; `whole`: without the present unit. */
  last: (table: string, count: number, unit: Unit, whole = false): Range => {
    const time = `"druid"."${table}"."__time"`
    const ago = (amount: number): string =>
      amount === 0
        ? 'CURRENT_TIMESTAMP'
        : `TIMESTAMPADD(${unit}, CAST(${amount} AS integer), CURRENT_TIMESTAMP)`
    const name = unit.toLowerCase()
    const unitMs = UNITS_MS[unit]
    return {
      relative: true,
      span: (nowMs) => ({
        startMs: floor(nowMs, unitMs) - count * unitMs,
        endMs: floor(nowMs, unitMs) + (whole ? 0 : unitMs),
      }),
      where: () =>
        `${time} >= DATE_TRUNC('${name}', ${ago(-count)}) AND ${time} < DATE_TRUNC('${name}', ${ago(whole ? 0 : 1)})`,
    }
  },
}

/** Cube's values are parameters, the last millisecond included. */
export const cube = {
  last: (count: number, unit: Unit): Range => ({
    span: lastWith(count, UNITS_MS[unit]),
    where: () => `("events".__time >= TIME_PARSE(?) AND "events".__time <= TIME_PARSE(?))`,
    parameters: ({ startMs, endMs }) => [
      { type: 'VARCHAR', value: iso(startMs) },
      { type: 'VARCHAR', value: iso(endMs - 1) },
    ],
  }),
}

/** Turnilo's latest range ends with the minute that has begun. */
export const plywood = {
  last: (lengthMs: number): Range => ({
    span: (nowMs) => {
      const endMs = floor(nowMs, MINUTE_MS) + MINUTE_MS
      return { startMs: endMs - lengthMs, endMs }
    },
    where: ({ startMs, endMs }) =>
      `(TIMESTAMP '${blank(startMs)}'<="__time" AND "__time"<TIMESTAMP '${blank(endMs)}')`,
  }),
}

export const ALWAYS: Range = {
  span: () => ({ startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY }),
  where: () => '1 = 1',
}
