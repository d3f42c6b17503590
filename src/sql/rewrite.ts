// Statements that fetch parts: the client's own text with stretches replaced, never a text printed anew.
import { type Interval } from '../plan/facts.ts'
import { type Aggregate, type Grouped, type Stretch } from '../plan/grouped.ts'
import { type StepText } from '../plan/step-text.ts'
import { showsOnce } from '../time/local.ts'

/** Names of columns that Ovate adds; a client's column of such a name would only be a twin. */
const BUCKET_COLUMN = '__ovate_bucket'
const ORDER_COLUMN = '__ovate_order_'
const LAST_COLUMN = '__ovate_last'

interface Edit extends Stretch {
  readonly text: string
}

/**
 * The text that fetches buckets of a series: the client's, over `ranges` instead of its window, without order and limit,
 * with the bucket's instant and what it orders by but doesn't select as columns behind its own, and with `live` each
 * group's last instant behind those.
 */
export function seriesText(sql: string, grouped: Grouped, ranges: readonly Interval[], live = false): string {
  const { bucket, order, texts, timeColumn } = grouped
  const piece = ({ from, to }: Stretch): string => sql.slice(from, to)
  const instant = bucket === undefined ? '' : `, ${instantText(piece(bucket.text))} AS "${BUCKET_COLUMN}"`
  const orders = order
    .filter(({ column }) => column === undefined)
    .map(({ text }, index) => `, ${piece(text)} AS "${ORDER_COLUMN}${index}"`)
    .join('')
  const last = live ? `, ${lastText(grouped)}` : ''
  return edited(sql, [
    behind(texts.select, instant + (texts.outer.length === 0 ? orders : '') + last),
    // What shows all columns shows these, too.
    ...texts.outer
      .filter(({ isStar }) => !isStar)
      .map(({ select }, at) =>
        behind(select, `, "${BUCKET_COLUMN}"${at === 0 ? orders : ''}${live ? `, "${LAST_COLUMN}"` : ''}`),
      ),
    ...(live ? timeColumn.added.map(({ at, text }) => ({ from: at, to: at, text })) : []),
    ...boundEdits(grouped, ranges),
    ...groupingEdits(sql, grouped),
    ...[texts.tail, ...texts.idle].map((text) => ({ ...text, text: '' })),
  ])
}

/** DISTINCT as the GROUP BY that it is: of what is added to its columns it would make a dimension more. */
function groupingEdits(sql: string, { texts, bucket, dimensions }: Grouped): readonly Edit[] {
  const { distinct, groupBy } = texts
  if (distinct === undefined) return []
  const groups = [...(bucket === undefined ? [] : [bucket]), ...dimensions]
  const text = groups.map((group) => sql.slice(group.text.from, group.text.to)).join(', ')
  return [
    { ...distinct, text: '' },
    { ...groupBy, text: ` GROUP BY ${text} ` },
  ]
}

/** The last instant of which a group has a row, ms. */
function lastText({ timeColumn }: Grouped): string {
  return `TIMESTAMP_TO_MILLIS(MAX(${timeColumn.name})) AS "${LAST_COLUMN}"`
}

function behind({ to }: Stretch, text: string): Edit {
  return { from: to, to, text }
}

function stepText(time: string, steps: StepText): string {
  if (steps.kind === 'instants') return time
  const floor = `TIME_FLOOR(${time}, '${steps.period}', NULL, 'UTC')`
  if (steps.kind === 'period') return floor
  const { beforeMs, fromMs } = steps
  const ends = [
    ...(beforeMs === undefined ? [] : [`TIMESTAMP_TO_MILLIS(${time}) < ${beforeMs}`]),
    ...(fromMs === undefined ? [] : [`TIMESTAMP_TO_MILLIS(${time}) >= ${fromMs}`]),
  ]
  return `CASE WHEN ${ends.join(' OR ')} THEN ${time} ELSE ${floor} END`
}

/** A label as milliseconds, whatever the zone it would be printed in. */
function instantText(label: string): string {
  return `TIMESTAMP_TO_MILLIS(CAST(${label} AS TIMESTAMP))`
}

/** The ranges stand where the table is read, whatever the SELECTs round it call its columns. */
function boundEdits({ timeTexts, texts, zone }: Grouped, ranges: readonly Interval[]): readonly Edit[] {
  const condition = rangesText(ranges, zone)
  const { from, to } = texts.where
  const first = timeTexts.find((text) => text.from >= from && text.to <= to)
  const others = timeTexts.filter((text) => text !== first).map((text) => ({ ...text, text: 'TRUE' }))
  if (first !== undefined) return [{ ...first, text: condition }, ...others]
  if (from === to) return [{ from, to, text: ` WHERE ${condition}` }, ...others]
  return [{ from, to: from, text: `${condition} AND (` }, { from: to, to, text: ')' }, ...others]
}

/** A condition that Druid folds into these intervals (seen on 33.0.0). */
function rangesText(ranges: readonly Interval[], zone: string): string {
  // A TIMESTAMP would be taken for the other instant at which the clock shows the same. Elsewhere it serves better: by it
  // alone Druid finds out which of the client's own conditions on the time always hold there.
  const isExact = ranges.every(({ startMs, endMs }) => showsOnce(startMs, zone) && showsOnce(endMs, zone))
  const time = isExact ? '"__time"' : 'TIMESTAMP_TO_MILLIS("__time")'
  const instant = (ms: number): string => (isExact ? `MILLIS_TO_TIMESTAMP(${ms})` : String(ms))
  const each = ranges.map(
    ({ startMs, endMs }) => `(${time} >= ${instant(startMs)} AND ${time} < ${instant(endMs)})`,
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
 * The text that fetches parts of a merge: hidden buckets or steps, the dimensions and the parts of aggregates
 * over `ranges`, without HAVING, order and limit, whatever the SELECTs round it make of them; with `live` each group's last instant behind them.
 */
export function mergeText(
  sql: string,
  grouped: Grouped,
  {
    ranges,
    steps,
    live = false,
  }: { readonly ranges: readonly Interval[]; readonly steps: StepText; readonly live?: boolean },
): string {
  const { dimensions, aggregates, texts, timeColumn } = grouped
  const bucket = stepText(timeColumn.name, steps)
  const groups = dimensions.map(({ text }) => sql.slice(text.from, text.to))
  const parts = partsOf(sql, aggregates)
  const columns = [
    `${instantText(bucket)} AS "${BUCKET_COLUMN}"`,
    ...groups.map((text, index) => `${text} AS "__ovate_d${index}"`),
    ...parts.map((text, index) => `${text} AS "__ovate_a${index}"`),
    ...(live ? [lastText(grouped)] : []),
  ]
  const grouping = ` GROUP BY ${[bucket, ...groups].join(', ')} `
  return edited(sql, [
    { ...texts.select, text: columns.join(', ') },
    ...texts.outer.flatMap(({ select, where }) => [
      { ...select, text: '*' },
      { ...where, text: '' },
    ]),
    ...timeColumn.added.map(({ at, text }) => ({ from: at, to: at, text })),
    ...boundEdits(grouped, ranges),
    { ...texts.groupBy, text: grouping },
    ...[texts.having, texts.tail, ...texts.idle].map((text) => ({ ...text, text: '' })),
  ])
}
