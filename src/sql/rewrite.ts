// Statements that fetch parts: the client's own text with stretches replaced, never a text printed anew.
import { type Interval } from '../plan/facts.ts'
import { type Aggregate, type Grouped, type Stretch } from '../plan/grouped.ts'

/** Names of columns that Ovate adds; a client's column of such a name would only be a twin. */
const BUCKET_COLUMN = '__ovate_bucket'
const ORDER_COLUMN = '__ovate_order_'
const LAST_COLUMN = '__ovate_last'
/** In place of a period: each instant is a bucket of its own. */
export const INSTANTS = 'instants'
/** The last instant of which a group has a row, ms. */
const LAST_TEXT = `TIMESTAMP_TO_MILLIS(MAX("__time")) AS "${LAST_COLUMN}"`

interface Edit extends Stretch {
  readonly text: string
}

/**
 * The text that fetches buckets of a series: the client's, over `ranges` instead of its window, without order and limit,
 * with the bucket's instant and what it orders by but doesn't select as columns behind its own, and with `live` each
 * group's last instant behind those.
 */
export function seriesText(sql: string, grouped: Grouped, ranges: readonly Interval[], live = false): string {
  const { bucket, order, texts } = grouped
  const piece = ({ from, to }: Stretch): string => sql.slice(from, to)
  const added = [
    ...(bucket === undefined ? [] : [`${instantText(piece(bucket.text))} AS "${BUCKET_COLUMN}"`]),
    ...order
      .filter(({ column }) => column === undefined)
      .map(({ text }, index) => `${piece(text)} AS "${ORDER_COLUMN}${index}"`),
    ...(live ? [LAST_TEXT] : []),
  ]
  return edited(sql, [
    { from: texts.select.to, to: texts.select.to, text: added.map((column) => `, ${column}`).join('') },
    ...boundEdits(grouped, ranges),
    { ...texts.tail, text: '' },
  ])
}

/** A label as milliseconds, whatever the zone it would be printed in. */
function instantText(label: string): string {
  return `TIMESTAMP_TO_MILLIS(CAST(${label} AS TIMESTAMP))`
}

function boundEdits({ timeTexts, texts }: Grouped, ranges: readonly Interval[]): readonly Edit[] {
  const condition = rangesText(ranges)
  const [first, ...others] = timeTexts
  if (first !== undefined)
    return [{ ...first, text: condition }, ...others.map((text) => ({ ...text, text: 'TRUE' }))]
  const { from, to } = texts.where
  if (from === to) return [{ from, to, text: ` WHERE ${condition}` }]
  return [
    { from, to: from, text: `${condition} AND (` },
    { from: to, to, text: ')' },
  ]
}

/** A condition that Druid folds into these intervals (seen on 33.0.0). */
function rangesText(ranges: readonly Interval[]): string {
  const each = ranges.map(
    ({ startMs, endMs }) =>
      `("__time" >= MILLIS_TO_TIMESTAMP(${startMs}) AND "__time" < MILLIS_TO_TIMESTAMP(${endMs}))`,
  )
  return `(${each.join(' OR ')})`
}

/** Edits must not overlap; of several at one place the first given stands first. */
function edited(sql: string, edits: readonly Edit[]): string {
  let text = ''
  let at = 0
  for (const edit of edits.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    text += sql.slice(at, edit.from) + (edit.text === '' ? '' : `${edit.text}`)
    at = edit.to
  }
  return text + sql.slice(at)
}

/** The parts of aggregates that are fetched for a merge, in order: an average is a sum and a count. */
function partsOf(sql: string, aggregates: readonly Aggregate[]): readonly string[] {
  return aggregates.flatMap(({ kind, text, argument, filter }) => {
    const own = sql.slice(text.from, text.to)
    if (kind !== 'avg' || argument === undefined) return [own]
    const value = sql.slice(argument.from, argument.to)
    const only = filter === undefined ? '' : ` ${sql.slice(filter.from, filter.to)}`
    // Druid's SUM of BIGINT wraps and its AVG doesn't (seen on 33.0.0).
    return [`SUM(CAST(${value} AS DOUBLE))${only}`, `COUNT(${value})${only}`]
  })
}

/**
 * The text that fetches parts of a merge: hidden buckets of `period` (UTC, or `INSTANTS`), the dimensions and the parts of aggregates
 * over `ranges`, without HAVING, order and limit; with `live` each group's last instant behind them.
 */
export function mergeText(
  sql: string,
  grouped: Grouped,
  {
    ranges,
    period,
    live = false,
  }: { readonly ranges: readonly Interval[]; readonly period: string; readonly live?: boolean },
): string {
  const { dimensions, aggregates, texts } = grouped
  const bucket = period === INSTANTS ? '"__time"' : `TIME_FLOOR("__time", '${period}', NULL, 'UTC')`
  const groups = dimensions.map(({ text }) => sql.slice(text.from, text.to))
  const parts = partsOf(sql, aggregates)
  const columns = [
    `${instantText(bucket)} AS "${BUCKET_COLUMN}"`,
    ...groups.map((text, index) => `${text} AS "__ovate_d${index}"`),
    ...parts.map((text, index) => `${text} AS "__ovate_a${index}"`),
    ...(live ? [LAST_TEXT] : []),
  ]
  const grouping = ` GROUP BY ${[bucket, ...groups].join(', ')} `
  return edited(sql, [
    { ...texts.select, text: columns.join(', ') },
    ...boundEdits(grouped, ranges),
    { ...texts.groupBy, text: grouping },
    { ...texts.having, text: '' },
    { ...texts.tail, text: '' },
  ])
}
