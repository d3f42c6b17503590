// Random questions: a grammar of what BI tools ask of one table.
import { type Random } from '../cluster/random.ts'
import { RESULT_FORMATS, type WireFormat } from '../../src/result/format.ts'
import { randomBucket } from './buckets.ts'
import {
  type Bucket,
  columnsOf,
  type Grouped,
  keyCount,
  type OrderKey,
  type Other,
  PARAMETER_FILTERS,
  type Question,
  type Style,
} from './question.ts'
import { DAY_MS } from './table.ts'
import { formFor, RELATIVE_FORMS, type Range, UNITS, type Window } from './windows.ts'

/** What questions may name. */
export interface Subject {
  readonly table: string
  /** Rows lie between these, more or less. */
  readonly fromMs: number
  readonly toMs: number
  /** Columns that came later. */
  readonly more: readonly string[]
  /** Statements of other forms that the one who answers knows. */
  readonly others: readonly OtherForm[]
  /** Where windows like to begin or to end: changes of clocks. */
  readonly moments: readonly number[]
  /** Buckets that are asked for; any where there is none. */
  readonly bucket?: (random: Random) => Bucket
}

export type OtherForm = Pick<Other, 'text' | 'ordered'>

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const GROUPED_SHARE = 0.9
const AT_MOMENT_SHARE = 0.1

export function randomQuestion(random: Random, subject: Subject): Question {
  const { others } = subject
  const [first, ...rest] = others
  if (first !== undefined && random.next() > GROUPED_SHARE)
    return randomOther(random, subject, [first, ...rest])
  return randomGrouped(random, subject)
}

/** How the answer is to be written. */
export function randomWire(random: Random): WireFormat {
  const resultFormat = random.next() < 0.4 ? 'object' : random.pick([...RESULT_FORMATS])
  const header = random.next() < 0.5
  return {
    resultFormat,
    header,
    typesHeader: header && random.next() < 0.5,
    sqlTypesHeader: header && random.next() < 0.5,
  }
}

function randomOther(random: Random, subject: Subject, forms: readonly [OtherForm, ...OtherForm[]]): Other {
  const { table } = subject
  const window = randomAbsolute(random, subject, undefined)
  return { kind: 'other', ...random.pick(forms), table, window, context: {}, wire: randomWire(random) }
}

function randomGrouped(random: Random, subject: Subject): Grouped {
  const bucket = random.next() < 0.6 ? (subject.bucket ?? randomBucket)(random) : undefined
  const dimensions = distinct(random, dimensionsOf(subject), random.below(bucket === undefined ? 3 : 2))
  const measures = distinct(
    random,
    random.next() < 0.85 ? MERGEABLE : [...MERGEABLE, ...NOT_MERGEABLE],
    1 + random.below(3),
  )
  const question: Grouped = {
    kind: 'grouped',
    table: subject.table,
    bucket,
    dimensions,
    measures,
    filters: distinct(random, FILTERS, [0, 0, 0, 1, 1, 2][random.below(6)] ?? 0),
    window: randomWindow(random, subject, bucket),
    having: random.next() < 0.12 ? random.pick(HAVINGS) : undefined,
    order: [],
    limit: undefined,
    offset: undefined,
    context: contextFor(random, bucket, measures),
    wire: randomWire(random),
    style: randomStyle(random),
  }
  return withOrder(random, question)
}

function contextFor(
  random: Random,
  bucket: Bucket | undefined,
  measures: readonly string[],
): Readonly<Record<string, unknown>> {
  return {
    ...(bucket?.zone !== undefined && { sqlTimeZone: bucket.zone }),
    ...(measures.some((one) => one.includes('DISTINCT')) && { useApproximateCountDistinct: false }),
    ...(random.next() < 0.1 && { timeout: 60_000 }),
    ...(random.next() < 0.1 && { useApproximateTopN: random.next() < 0.5 }),
  }
}

/** The same question in another order, or cut elsewhere. */
export function withOrder(random: Random, question: Grouped): Grouped {
  const order = randomOrder(random, question)
  const isCut = random.next() < 0.35
  // Without an order a cut takes whichever rows come first: only what is ordered is cut.
  const limit = isCut && order.length > 0 ? 1 + random.below(12) : undefined
  const offset = limit !== undefined && random.next() < 0.25 ? random.below(5) : undefined
  return { ...question, order, limit, offset }
}

function randomOrder(random: Random, question: Grouped): OrderKey[] {
  const columns = columnsOf(question)
  const keys = keyCount(question)
  if (keys === 0 || random.next() < 0.15) return []
  const key = (column: number): OrderKey => ({
    column,
    sql: columns[column] ?? '',
    descending: random.next() < 0.4,
  })
  const groups = Array.from({ length: keys }, (_, column) => key(column))
  const how = random.next()
  const metric = key(keys + random.below(columns.length - keys))
  if (how < 0.45) return groups
  if (how < 0.6) return [groups[random.below(keys)] ?? metric]
  if (how < 0.75) return [metric, ...groups]
  if (how < 0.85) return [metric]
  const hidden: OrderKey = { column: undefined, sql: random.pick(MERGEABLE), descending: random.next() < 0.6 }
  return random.next() < 0.5 ? [hidden, ...groups] : [hidden]
}

function distinct<Item>(random: Random, items: readonly Item[], count: number): Item[] {
  const left = [...items]
  const taken: Item[] = []
  while (taken.length < count && left.length > 0) taken.push(...left.splice(random.below(left.length), 1))
  return taken
}

function randomStyle(random: Random): Style {
  return {
    groupBy: random.pick(['ordinal', 'expression']),
    orderBy: random.pick(['ordinal', 'expression', 'alias']),
    from: random.pick(['plain', 'quoted', 'schema', 'subquery', 'nested']),
    bucketFirst: random.next() < 0.8,
    names: random.pick(['quoted', 'quoted', 'bare', 'none']),
  }
}

function dimensionsOf({ more }: Subject): readonly string[] {
  return [...DIMENSIONS, ...more.map((name) => `"${name}"`)]
}

const DIMENSIONS = [
  '"country"',
  '"country"',
  '"device"',
  '"city"',
  '"city"',
  '"isRobot"',
  'UPPER("device")',
  'COALESCE("city", \'none\')',
  "CASE WHEN \"added\" > 50 THEN 'many' ELSE 'few' END",
  'SUBSTRING("device", 1, 1)',
  'NULLIF("device", \'mobile\')',
  '"added" / 10',
  '"price"',
  '"big"',
  'CAST("isRobot" AS VARCHAR)',
  'EXTRACT(HOUR FROM "__time")',
  'TIME_FORMAT("__time", \'EEE\')',
  // Grafana's hours.
  'TIMESTAMP_TO_MILLIS("__time") / 3600000 * 3600000',
]

const MERGEABLE = [
  'COUNT(*)',
  'COUNT(*)',
  'SUM("added")',
  'SUM("added")',
  'SUM("big")',
  'SUM("price")',
  'SUM("weight")',
  'MIN("added")',
  'MAX("price")',
  'MAX("big")',
  'MIN("deleted")',
  'AVG("price")',
  'AVG("added")',
  'COUNT("deleted")',
  'SUM("deleted")',
  'COUNT(*) FILTER (WHERE "device" = \'mobile\')',
  'SUM("added") FILTER (WHERE "country" = \'DE\')',
  'MAX("weight") FILTER (WHERE "isRobot" = 1)',
  'SUM(CASE WHEN "device" = \'tablet\' THEN "added" ELSE 0 END)',
  'SUM("added") - SUM("deleted")',
  'SUM("price") / COUNT(*)',
  'SUM("added") * 1.0 / COUNT(*)',
  'SUM("added") * 100.0 / NULLIF(SUM("deleted"), 0)',
  'CAST(SUM("added") AS DOUBLE) / NULLIF(COUNT("deleted"), 0)',
  'MAX("added") - MIN("added")',
  'MIN("__time")',
  'SUM("added" * 2)',
  'SUM("added") FILTER (WHERE EXTRACT(HOUR FROM "__time") < 12)',
  'COUNT(*) FILTER (WHERE "city" IS NULL OR NOT ("device") = \'mobile\')',
  'MAX("added") FILTER (WHERE "country" = \'nowhere\')',
  'AVG("added") FILTER (WHERE "country" = \'US\')',
  'COUNT("city") * 2 + 1',
] as const

const NOT_MERGEABLE = [
  'COUNT(DISTINCT "country")',
  'COUNT(DISTINCT "city")',
  'MAX("__time")',
  'ABS(SUM("added"))',
  'ROUND(AVG("price"), 2)',
]

const FILTERS = [
  '"country" = \'US\'',
  "\"country\" IN ('US', 'DE', 'FR')",
  '"country" IS NOT NULL',
  '"device" <> \'mobile\'',
  'NOT ("device" = \'tablet\')',
  '"city" LIKE \'%e%\'',
  '("country" = \'JP\' OR "device" = \'desktop\')',
  '"added" > 20',
  '"added" BETWEEN 0 AND 150',
  '"isRobot" = 0',
  '"price" < 800.5',
  '"country" = \'nowhere\'',
  'NOT ("country") = \'US\'',
  '("device" = \'mobile\' OR EXTRACT(HOUR FROM "__time") < 6)',
  'NOT ("country" IS NULL OR "city" = \'\')',
  ...PARAMETER_FILTERS,
]

const HAVINGS = [
  'COUNT(*) > 2',
  'SUM("added") > 100',
  '2 < COUNT(*)',
  'SUM("added") > 50 AND COUNT(*) < 30',
  'MAX("added") > 150 OR MIN("added") < 0',
  'NOT (COUNT(*) = 1)',
  'AVG("price") > 400',
] as const

function randomWindow(random: Random, subject: Subject, bucket: Bucket | undefined): Window {
  const luck = random.next()
  if (luck < 0.04) return { kind: 'none' }
  if (luck < 0.2) {
    return {
      kind: 'relative',
      unit: random.pick(UNITS),
      count: 1 + random.below(40),
      form: random.pick(RELATIVE_FORMS),
      until: random.pick(['open', 'open', 'now', 'cut']),
    }
  }
  return randomAbsolute(random, subject, bucket)
}

function randomAbsolute(random: Random, subject: Subject, bucket: Bucket | undefined): Window {
  const lengthMs = bucket?.lengthMs ?? random.pick([HOUR_MS, DAY_MS, DAY_MS])
  const form = formFor(random, bucket?.zone)
  const one = (): Range => randomRange(random, subject, lengthMs)
  const first = one()
  if (random.next() < 0.08) return { kind: 'absolute', ranges: [first, one()], except: undefined, form }
  const except = random.next() < 0.08 ? insideOf(random, first) : undefined
  const luck = random.next()
  const open =
    luck < 0.06 ? { ...first, endMs: undefined } : luck < 0.1 ? { ...first, startMs: undefined } : first
  return { kind: 'absolute', ranges: [open], except, form }
}

/** From a few minutes to most of what there is; half of them on whole buckets. */
function randomRange(random: Random, { fromMs, toMs, moments }: Subject, lengthMs: number): Range {
  if (random.next() < AT_MOMENT_SHARE && moments.length > 0) return rangeAt(random, moments, lengthMs)
  const all = toMs - fromMs
  const buckets = lengthMs * (1 + random.below(30)) * (1 - random.next() * 0.1)
  const spanMs = Math.min(all * 1.1, Math.max(buckets, MINUTE_MS))
  const startMs = fromMs - DAY_MS + random.next() * Math.max(DAY_MS, all + DAY_MS - spanMs * 0.8)
  const gridMs = random.pick([lengthMs, lengthMs, HOUR_MS, MINUTE_MS, 1_000, 1])
  const align = (ms: number): number => Math.floor(ms / gridMs) * gridMs
  const start = align(startMs)
  return { startMs: start, endMs: Math.max(start + gridMs, align(startMs + spanMs)) }
}

/** One that begins or ends at such a moment, or some buckets from it. */
export function rangeAt(random: Random, moments: readonly number[], lengthMs: number): Range {
  const momentMs = moments[random.below(moments.length)] ?? 0
  const atMs = momentMs + (random.below(5) - 2) * Math.min(lengthMs, DAY_MS)
  const spanMs = lengthMs * (1 + random.below(12))
  return random.next() < 0.5
    ? { startMs: atMs, endMs: atMs + spanMs }
    : { startMs: atMs - spanMs, endMs: atMs }
}

function insideOf(random: Random, { startMs = 0, endMs = 0 }: Range): Range {
  const at = Math.floor(startMs + (endMs - startMs) * random.next() * 0.6)
  return { startMs: at, endMs: Math.ceil(at + (endMs - startMs) * 0.2) + 1 }
}
