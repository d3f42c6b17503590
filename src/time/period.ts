// ISO periods as Joda-Time reads and writes them (ISOPeriodFormat.standard(), 2.12.5), which Druid uses.
import { type Unit, UNIT_MS, UNITS } from './calendar.ts'

/** How many of each unit. Nothing is carried over: PT60M isn't PT1H, and P7D isn't P1W. */
export interface Period extends Readonly<Record<Unit, number>> {
  /** As Joda writes it, which is how Druid prints it in plans: zeros left out, the unit's letter in capitals. */
  readonly text: string
}

// At most 9 digits, so that no unit passes 32 bits. Joda takes either sign, any case, and a comma for the point.
const DATE = String.raw`(?:([+-]?\d{1,9})Y)?(?:([+-]?\d{1,9})M)?(?:([+-]?\d{1,9})W)?(?:([+-]?\d{1,9})D)?`
const TIME = String.raw`(?:([+-]?\d{1,9})H)?(?:([+-]?\d{1,9})M)?(?:([+-]?)(\d{1,9})(?:[.,](\d{1,3}))?S)?`
const PERIOD = new RegExp(`^P(?=.)${DATE}(?:T(?=[+\\-\\d])${TIME})?$`, 'i')

/** `P1D`, `PT15M`, `P1DT6H`, `PT0.5S`; undefined for what Joda refuses, for `P` alone, and for more than nine digits. */
export function parsePeriod(text: string): Period | undefined {
  const found: readonly (string | undefined)[] | null = PERIOD.exec(text)
  if (found === null) return undefined
  const [years, months, weeks, days, hours, minutes] = found.slice(1, 7).map((count) => Number(count ?? 0))
  const [sign, seconds = '0', fraction = ''] = found.slice(7)
  const secondsSign = sign === '-' ? -1 : 1
  return period({
    years,
    months,
    weeks,
    days,
    hours,
    minutes,
    seconds: secondsSign * Number(seconds),
    millis: secondsSign * Number(fraction.padEnd(3, '0')),
  })
}

/** The period of the units given. */
export function period(parts: { readonly [unit in Unit]?: number | undefined }): Period {
  // `+ 0` makes 0 of -0.
  const of = (unit: Unit): number => (parts[unit] ?? 0) + 0
  const values = {
    years: of('years'),
    months: of('months'),
    weeks: of('weeks'),
    days: of('days'),
    hours: of('hours'),
    minutes: of('minutes'),
    seconds: of('seconds'),
    millis: of('millis'),
  }
  return Object.freeze({ ...values, text: textOf(values) })
}

function textOf(parts: Readonly<Record<Unit, number>>): string {
  const date =
    part(parts.years, 'Y') + part(parts.months, 'M') + part(parts.weeks, 'W') + part(parts.days, 'D')
  const time =
    part(parts.hours, 'H') + part(parts.minutes, 'M') + secondsText(parts.seconds * 1_000 + parts.millis)
  return date + time === '' ? 'PT0S' : `P${date}${time === '' ? '' : `T${time}`}`
}

function part(count: number, letter: string): string {
  return count === 0 ? '' : `${count}${letter}`
}

function secondsText(ms: number): string {
  if (ms === 0) return ''
  const size = Math.abs(ms)
  const fraction = size % 1_000 === 0 ? '' : `.${String(size % 1_000).padStart(3, '0')}`
  return `${ms < 0 ? '-' : ''}${Math.trunc(size / 1_000)}${fraction}S`
}

/** Whether an instant plus this is the same number of ms away in every zone: nothing longer than hours in it. */
export function isFixed({ years, months, weeks, days }: Period): boolean {
  return years === 0 && months === 0 && weeks === 0 && days === 0
}

/** The length in ms with days of 24 h, as in UTC; undefined where there are months or years in it. */
export function standardMs(of: Period): number | undefined {
  if (of.years !== 0 || of.months !== 0) return undefined
  return UNITS.reduce((sum, unit) => sum + of[unit] * (UNIT_MS[unit] ?? 0), 0)
}
