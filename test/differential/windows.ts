// Bounds of `__time` in the many forms in which tools write them, as values that can be moved.
import { type Random } from '../cluster/random.ts'
import { type Parameter } from '../statements/statement.ts'

/** `[startMs, endMs)`; an end that is undefined is open. */
export interface Range {
  readonly startMs: number | undefined
  readonly endMs: number | undefined
}

export type Window =
  | { readonly kind: 'none' }
  /** One range less others, or several ranges. */
  | {
      readonly kind: 'absolute'
      readonly ranges: readonly Range[]
      readonly except: Range | undefined
      readonly form: Form
    }
  /** The last so many units before now, or before now cut to a unit. */
  | {
      readonly kind: 'relative'
      readonly unit: Unit
      readonly count: number
      readonly form: RelativeForm
      readonly until: 'open' | 'now' | 'cut'
    }

const FORMS = [
  'timestamp',
  'text',
  'iso',
  'millis',
  'of-millis',
  'parsed',
  'cast',
  'between',
  'interval',
  'reversed',
  'not',
  'inclusive',
  'parameter',
  'parsed-parameter',
  'millis-parameter',
  'floored',
] as const
export type Form = (typeof FORMS)[number]
/** They name instants, whatever the session's zone is. */
const ZONED: readonly Form[] = ['millis', 'of-millis', 'millis-parameter']

export const UNITS = ['MINUTE', 'HOUR', 'DAY'] as const
type Unit = (typeof UNITS)[number]
const UNIT_PERIODS: Readonly<Record<Unit, string>> = { MINUTE: 'PT1M', HOUR: 'PT1H', DAY: 'P1D' }

export const RELATIVE_FORMS = ['interval', 'add', 'shift', 'floor', 'date', 'between'] as const
type RelativeForm = (typeof RELATIVE_FORMS)[number]

/** The form for a session's zone: texts mean clocks there, and most of them are kept out. */
export function formFor(random: Random, zone: string | undefined): Form {
  const [first, ...rest] = zone === undefined || random.next() < 0.1 ? FORMS : ZONED
  return first === undefined ? 'millis' : random.pick([first, ...rest])
}

/** The condition; empty where there is none. What is bound goes to `parameters`, in the order of the text. */
export function windowText(window: Window, parameters: Parameter[]): string {
  if (window.kind === 'none') return ''
  if (window.kind === 'relative') return relativeText(window)
  const { ranges, except, form } = window
  const texts = ranges.map((range) => rangeText(range, form, parameters))
  const any = texts.length === 1 ? (texts[0] ?? '') : `(${texts.map((text) => `(${text})`).join(' OR ')})`
  if (except === undefined) return any
  const hole = rangeText(except, form, parameters)
  return any === '' ? `NOT (${hole})` : `${any} AND NOT (${hole})`
}

const HOUR_MS = 3_600_000
const OPEN = { startMs: Date.UTC(2020, 0, 1), endMs: Date.UTC(2030, 0, 1) }

function rangeText(range: Range, form: Form, parameters: Parameter[]): string {
  const { startMs, endMs } = range
  const closed = { startMs: startMs ?? OPEN.startMs, endMs: endMs ?? OPEN.endMs }
  switch (form) {
    case 'between':
      return `"__time" BETWEEN ${stamp(closed.startMs)} AND ${stamp(closed.endMs - 1)}`
    case 'interval':
      return `TIME_IN_INTERVAL("__time", '${iso(closed.startMs)}/${iso(closed.endMs)}')`
    case 'of-millis':
      return both(range, (op, ms) => `TIMESTAMP_TO_MILLIS("__time") ${op} ${ms}`)
    case 'reversed':
      return both(range, (op, ms) => `${stamp(ms)} ${op === '>=' ? '<=' : '>'} "__time"`)
    case 'not':
      return both(range, (op, ms) => `NOT ("__time" ${op === '>=' ? '<' : '>='} ${stamp(ms)})`)
    case 'inclusive':
      return both(range, (op, ms) => `"__time" ${op === '>=' ? '>' : '<='} ${stamp(ms - 1)}`)
    case 'floored': {
      const cut = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS
      return both(range, (op, ms) => `FLOOR("__time" TO HOUR) ${op} ${stamp(cut(ms))}`)
    }
    case 'timestamp':
    case 'text':
    case 'iso':
    case 'millis':
    case 'parsed':
    case 'cast':
    case 'parameter':
    case 'parsed-parameter':
    case 'millis-parameter':
      return both(range, (op, ms) => `"__time" ${op} ${momentText(ms, form, parameters)}`)
  }
}

function both({ startMs, endMs }: Range, write: (op: '>=' | '<', ms: number) => string): string {
  return [
    ...(startMs === undefined ? [] : [write('>=', startMs)]),
    ...(endMs === undefined ? [] : [write('<', endMs)]),
  ].join(' AND ')
}

type MomentForm = Exclude<
  Form,
  'between' | 'interval' | 'of-millis' | 'reversed' | 'not' | 'inclusive' | 'floored'
>

function momentText(ms: number, form: MomentForm, parameters: Parameter[]): string {
  switch (form) {
    case 'timestamp':
      return stamp(ms)
    case 'text':
      return `'${blank(ms)}'`
    case 'iso':
      return `'${iso(ms)}'`
    case 'millis':
      return `MILLIS_TO_TIMESTAMP(${ms})`
    case 'parsed':
      return `TIME_PARSE('${iso(ms)}')`
    case 'cast':
      return `CAST('${blank(ms)}' AS TIMESTAMP)`
    case 'parameter':
      // With a blank and a fraction, Druid 33 answers 500.
      parameters.push({ type: 'TIMESTAMP', value: iso(ms) })
      return '?'
    case 'parsed-parameter':
      parameters.push({ type: 'VARCHAR', value: iso(ms) })
      return 'TIME_PARSE(?)'
    case 'millis-parameter':
      parameters.push({ type: 'BIGINT', value: ms })
      return 'MILLIS_TO_TIMESTAMP(?)'
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function blank(ms: number): string {
  return iso(ms).slice(0, -1).replace('T', ' ')
}

function stamp(ms: number): string {
  return `TIMESTAMP '${blank(ms)}'`
}

function relativeText({ unit, count, form, until }: Extract<Window, { kind: 'relative' }>): string {
  const start = relativeMoment(unit, count, form)
  if (form === 'between') return `"__time" BETWEEN ${start} AND CURRENT_TIMESTAMP`
  const end = {
    open: '',
    now: ' AND "__time" < CURRENT_TIMESTAMP',
    cut: ` AND "__time" < FLOOR(CURRENT_TIMESTAMP TO ${unit})`,
  }
  return `"__time" >= ${start}${end[until]}`
}

function relativeMoment(unit: Unit, count: number, form: RelativeForm): string {
  switch (form) {
    case 'interval':
    case 'between':
      return `CURRENT_TIMESTAMP - INTERVAL '${count}' ${unit}`
    case 'add':
      return `TIMESTAMPADD(${unit}, -${count}, CURRENT_TIMESTAMP)`
    case 'shift':
      return `TIME_SHIFT(CURRENT_TIMESTAMP, '${UNIT_PERIODS[unit]}', -${count})`
    case 'floor':
      return `FLOOR(CURRENT_TIMESTAMP TO ${unit}) - INTERVAL '${count}' ${unit}`
    case 'date':
      return `CURRENT_DATE - INTERVAL '${Math.min(count, 20)}' DAY`
  }
}
