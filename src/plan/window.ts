// The window of a query: its bounds on `__time` at one moment, as intervals.
import { ALL_TIME, FIRST_MS, LAST_MS } from '../time/all-time.ts'
import { granularity, shift } from '../time/granularity.ts'
import { onlyInstant, showsOnce } from '../time/local.ts'
import { parsePeriod } from '../time/period.ts'
import { zoneOf } from '../time/zone.ts'
import { isUtc } from '../time/utc.ts'
import { type Interval } from './facts.ts'
import { type Grid, type Instant, type TimeBounds, type TimeCondition } from './grouped.ts'
import { intersected, united, without } from './intervals.ts'
import { parameterAt } from './parameters.ts'

/** What bounds are read against. */
export interface Moment {
  readonly nowMs: number
  /** `parameters` of the request as JSON text, '' for none. */
  readonly parameters: string
}

interface ZonedMoment extends Moment {
  readonly zone: string
}

/** Intervals, sorted and apart; empty for a condition that nothing meets; undefined where an instant isn't known. */
export function windowOf(
  { time, zone }: Pick<TimeBounds, 'time' | 'zone'>,
  moment: Moment,
): readonly Interval[] | undefined {
  return intervalsOf(time, { ...moment, zone })
}

function intervalsOf(condition: TimeCondition, moment: ZonedMoment): readonly Interval[] | undefined {
  switch (condition.kind) {
    case 'from':
      return between(instantMs(condition.start, moment), LAST_MS)
    case 'before':
      return between(FIRST_MS, instantMs(condition.end, moment))
    case 'bucket':
      return bucketAt(condition.at, condition.grid, moment)
    case 'not': {
      const inner = intervalsOf(condition.of, moment)
      return inner === undefined ? undefined : without(ALL_TIME, inner)
    }
    case 'all':
      return condition.of.reduce<readonly Interval[] | undefined>((sum, one) => {
        const part = intervalsOf(one, moment)
        return sum === undefined || part === undefined ? undefined : intersected(sum, part)
      }, ALL_TIME)
    case 'any': {
      const parts = condition.of.map((one) => intervalsOf(one, moment))
      return parts.includes(undefined) ? undefined : united(parts.flatMap((part) => part ?? []))
    }
  }
}

/** Whether a condition is another one at another moment. */
export function isRelative(condition: TimeCondition): boolean {
  switch (condition.kind) {
    case 'from':
      return usesNow(condition.start)
    case 'before':
      return usesNow(condition.end)
    case 'bucket':
      return usesNow(condition.at)
    case 'not':
      return isRelative(condition.of)
    case 'all':
    case 'any':
      return condition.of.some(isRelative)
  }
}

function usesNow(instant: Instant): boolean {
  return instant.kind === 'now' || ('of' in instant && usesNow(instant.of))
}

function between(startMs: number | undefined, endMs: number | undefined): readonly Interval[] | undefined {
  return startMs === undefined || endMs === undefined ? undefined : united([{ startMs, endMs }])
}

function bucketAt(at: Instant, grid: Grid, moment: ZonedMoment): readonly Interval[] | undefined {
  const ms = instantMs(at, moment)
  const buckets = granularity(grid)
  if (ms === undefined || buckets === undefined) return undefined
  const bucket = buckets.bucket(ms)
  // Around a change of the clock what has one floor need not be an interval.
  if (bucket === undefined) return buckets.floor(ms) === ms ? undefined : []
  return bucket.startMs === ms ? [bucket] : []
}

function instantMs(instant: Instant, moment: ZonedMoment): number | undefined {
  switch (instant.kind) {
    case 'literal':
      return takenMs(instant.ms)
    case 'now':
      return unmoved(moment.nowMs, moment)
    case 'parameter':
      return parameterMs(instant, moment)
    case 'plus': {
      const ms = instantMs(instant.of, moment)
      return ms === undefined ? undefined : bounded(ms + instant.ms)
    }
    case 'shift': {
      const [ms, zone] = [instantMs(instant.of, moment), zoneOf(instant.zone)]
      const period = parsePeriod(instant.period)
      if (ms === undefined || zone === undefined || period === undefined) return undefined
      return unmoved(shift(ms, period, instant.step, zone), moment)
    }
    case 'floor':
    case 'ceil':
    case 'after':
      return unmoved(onGrid(instant.kind, instantMs(instant.of, moment), instant.grid), moment)
  }
}

/** What Druid computes for the time of a clock that comes twice is another instant than the one that is meant. */
function unmoved(ms: number | undefined, { zone }: ZonedMoment): number | undefined {
  return ms !== undefined && showsOnce(ms, zone) ? ms : undefined
}

/**
 * Druid refuses times before year 1 or after 9999, and the days that the calendar left out in 1582, written as TIMESTAMP or DATE,
 * and takes some of them written otherwise (33.0.0): what is asked of it whole is answered as it likes.
 */
function takenMs(ms: number): number | undefined {
  const isLeftOut = ms >= LEFT_OUT.startMs && ms < LEFT_OUT.endMs
  return ms >= YEAR_1_MS && ms < YEAR_10000_MS && !isLeftOut ? ms : undefined
}

const YEAR_1_MS = Date.parse('0001-01-01T00:00:00Z')
const YEAR_10000_MS = Date.parse('+010000-01-01T00:00:00Z')
const LEFT_OUT = { startMs: Date.parse('1582-10-05T00:00:00Z'), endMs: Date.parse('1582-10-15T00:00:00Z') }

function bounded(ms: number): number | undefined {
  return ms >= FIRST_MS && ms <= LAST_MS ? ms : undefined
}

function onGrid(kind: 'floor' | 'ceil' | 'after', ms: number | undefined, grid: Grid): number | undefined {
  const buckets = granularity(grid)
  const floor = ms === undefined ? undefined : buckets?.floor(ms)
  if (floor === undefined || buckets === undefined) return undefined
  return kind === 'floor' || (kind === 'ceil' && floor === ms) ? floor : buckets.next(floor)
}

const TEXT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(\.\d{1,3}0*)?Z?)?$/
const DAY = /^\d{4}-\d\d-\d\d$/
/** What Druid refuses as a TIMESTAMP, and takes as text (33.0.0). */
const NO_TIMESTAMP = / .*(?:\.0+|Z)$/

type ParameterInstant = Extract<Instant, { kind: 'parameter' }>

/** Values as clients send them: texts are local times of the zone, and so are a TIMESTAMP's milliseconds (33.0.0). */
function parameterMs({ index, as, zone }: ParameterInstant, { parameters }: Moment): number | undefined {
  const { type, value } = parameterAt(parameters, index)
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    const ms = takenMs(value)
    if (as === 'millis') return type === 'BIGINT' && ms !== undefined && showsOnce(ms, zone) ? ms : undefined
    return isInstant(as) && type === 'TIMESTAMP' && ms !== undefined ? onlyInstant(ms, zone) : undefined
  }
  if (typeof value !== 'string' || !readsText(as, type, value)) return undefined
  const ms = value.endsWith('Z') && !isUtc(zone) ? undefined : textMs(value)
  return ms === undefined || takenMs(ms) === undefined ? undefined : onlyInstant(ms, zone)
}

function isInstant(as: ParameterInstant['as']): boolean {
  return as === 'instant' || as === 'day'
}

function readsText(as: ParameterInstant['as'], type: string, text: string): boolean {
  if (type === 'TIMESTAMP') return isInstant(as) && !NO_TIMESTAMP.test(text)
  // A text that is compared with a DATE becomes one.
  return type === 'VARCHAR' && as !== 'millis' && (as !== 'day' || DAY.test(text))
}

function textMs(text: string): number | undefined {
  const [, date, time = '00:00:00', fraction = ''] = TEXT.exec(text) ?? []
  if (date === undefined) return undefined
  const iso = `${date}T${time}.${fraction.slice(1, 4).padEnd(3, '0')}Z`
  const ms = Date.parse(iso)
  return Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? undefined : ms
}
