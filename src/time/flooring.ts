// Druid's rounding down to a period: PeriodGranularity.truncate of 33.0.0, branch by branch.
import { type Unit, UNITS } from './calendar.ts'
import { add, addPeriod, between, isTimeUnit, roundDown, toFullHour } from './chronology.ts'
import { isFixed, type Period, standardMs } from './period.ts'
import { type Zone } from './zone.ts'

type Floor = (ms: number) => number

/** The floor of instants (ms) for a period without negative parts; NaN where the zone isn't known. */
export function flooring(of: Period, originMs: number | undefined, zone: Zone): Floor {
  // Midnight of 1970-01-01 on the zone's clock (`withZoneRetainFields`), from which Druid counts unless told otherwise.
  const origin = originMs ?? zone.toInstant(0, 0)
  const [unit, second] = UNITS.filter((each) => of[each] > 0)
  if (unit === undefined) return () => Number.NaN
  if (second !== undefined) return compound(of, origin, zone)
  const count = of[unit]
  const hasOrigin = originMs !== undefined
  if (unit === 'millis' && count === 1) return (ms) => ms
  if (count === 1 && !hasOrigin) return (ms) => roundDown(zone, unit, ms)
  if (unit === 'hours') return hours(count, origin, zone)
  return multiples(unit, count, origin, zone)
}

/** Several of a unit, or one from an origin: years, months, weeks, days, minutes, seconds, milliseconds. */
function multiples(unit: Unit, count: number, origin: number, zone: Zone): Floor {
  return (ms) => {
    let units = between(zone, unit, origin, ms)
    units -= units % count
    const start = add(zone, unit, origin, units)
    if (!(ms < start)) return start
    return isTimeUnit(unit) ? add(zone, unit, start, -count) : add(zone, unit, origin, units - count)
  }
}

// Hours have rules of their own in Druid: before an origin that is 1970 or earlier, as Asia's and Europe's own is, they are
// rounded up; and after an origin before 1970 all but exact starts are cut to the full hour of the zone's clock.
function hours(count: number, origin: number, zone: Zone): Floor {
  return (ms) => {
    let units = between(zone, 'hours', origin, ms)
    units -= units % count
    const start = add(zone, 'hours', origin, units)
    if (ms < start && origin > 0) return add(zone, 'hours', start, -count)
    return ms > start && origin < 0 ? toFullHour(zone, start) : start
  }
}

/** Periods of several units: by division where all days are of 24 h, else step by step from the origin. */
function compound(of: Period, origin: number, zone: Zone): Floor {
  const lengthMs = standardMs(of)
  if (lengthMs === undefined) return steps(of, origin, zone)
  // A remainder of a negative number is negative, and only one period is added: Druid's rounding is off by one at times.
  if (zone.isFixed) {
    return (ms) => {
      const into = (ms % lengthMs) - (origin % lengthMs)
      return ms - (into < 0 ? into + lengthMs : into)
    }
  }
  // The same steps as below, all of one length.
  if (isFixed(of)) return (ms) => origin + Math.floor((ms - origin) / lengthMs) * lengthMs
  return steps(of, origin, zone)
}

/** Druid walks from the origin at each row, we keep the steps: a day and a second from 1970 to 2100 are 47,000. */
const STEPS_MAX = 50_000

function steps(of: Period, origin: number, zone: Zone): Floor {
  const forwards = new Walk(of, origin, zone, 1)
  const backwards = new Walk(of, origin, zone, -1)
  // The last step that isn't after the instant: forwards the one before the first beyond it.
  return (ms) =>
    ms >= origin ? forwards.at(forwards.firstPast(ms) - 1) : backwards.at(backwards.firstPast(ms))
}

/** The instants (ms) that one walks through from an origin, as far as anybody has asked. */
class Walk {
  readonly #of: Period
  readonly #zone: Zone
  readonly #direction: 1 | -1
  readonly #steps: number[]

  constructor(of: Period, origin: number, zone: Zone, direction: 1 | -1) {
    this.#of = of
    this.#zone = zone
    this.#direction = direction
    this.#steps = [origin]
  }

  at(index: number): number {
    return this.#steps[index] ?? Number.NaN
  }

  /** Index of the first step beyond an instant; NaN where one can't walk so far. */
  firstPast(ms: number): number {
    const kept = this.#steps
    for (let last = this.at(kept.length - 1); !this.#isPast(last, ms); kept.push(last)) {
      last = addPeriod(this.#zone, this.#of, last, this.#direction)
      if (Number.isNaN(this.#zone.offsetAt(last)) || kept.length > STEPS_MAX) return Number.NaN
    }
    let [low, high] = [0, kept.length - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isPast(this.at(middle), ms)) high = middle
      else low = middle + 1
    }
    return low
  }

  #isPast(step: number, ms: number): boolean {
    return this.#direction === 1 ? step > ms : step <= ms
  }
}
