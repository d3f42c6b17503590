// DELETE /ovate/cache: drops what was read from a datasource, here and at all other replicas.
import { type Purge } from '../coordination/epochs.ts'
import { OvateError } from '../errors.ts'
import { withinDates } from '../freshness/segments.ts'
import { type Interval } from '../plan/facts.ts'
import { readInstant } from '../time/instant-text.ts'
import { errorAnswer } from './error-answer.ts'
import { type AdminOptions } from './options.ts'

const TIME_MAX_MS = 20_000

type Query = Readonly<Record<string, unknown>>

/**
 * What is held here goes at once, also where ZooKeeper can't be reached: then the answer says that others weren't told.
 * @throws OvateError OVATE_BAD_REQUEST.
 */
export async function purge(
  { keeper, shared }: Pick<AdminOptions, 'keeper' | 'shared'>,
  query: Query,
  by: string,
): Promise<{ readonly status: number; readonly body: object }> {
  const wanted = purgeOf(query)
  const purged = keeper.purge(wanted.datasource, wanted.interval)
  if (shared === undefined) return { status: 200, body: { purged } }
  try {
    const raised = await shared.epochs.raise(wanted, by, AbortSignal.timeout(TIME_MAX_MS))
    return { status: 200, body: { purged: purged + raised.purged, epoch: raised.epoch } }
  } catch (error) {
    const { status, body } = errorAnswer(error)
    if (body.code !== 'OVATE_ZOOKEEPER') throw error
    const message = `purged here, but other replicas may not have been told: ask again (${body.message})`
    return { status, body: { ...body, message, purged } }
  }
}

/** What to purge; all of it is what no slip of the pen may mean. */
function purgeOf({ datasource, interval, ...others }: Query): Purge {
  const isOne = datasource === undefined || (typeof datasource === 'string' && datasource !== '')
  const times = interval === undefined ? undefined : timesOf(interval)
  if (isOne && times !== 'none' && Object.keys(others).length === 0) return { datasource, interval: times }
  throw new OvateError(
    'OVATE_BAD_REQUEST',
    'purge by ?datasource=NAME, once, and &interval=START/END in ISO 8601 if not all of it, or everything without any query string',
  )
}

/** What may be left out, in one of the years that are written with four digits. */
const SHORT = /^\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d(?:\.\d{1,3})?)?)?)?Z?$/

function timesOf(interval: unknown): Interval | 'none' {
  const parts = typeof interval === 'string' ? interval.split('/') : []
  const [start = Number.NaN, end = Number.NaN] = parts.map((text) => readInstant(text) ?? shortMs(text))
  return parts.length === 2 && start < end ? withinDates(start, end) : 'none'
}

/** In UTC, as Druid reads intervals; NaN for what isn't read. */
function shortMs(text: string): number {
  if (!SHORT.test(text)) return Number.NaN
  const [date = '', time = ''] = text.replace('Z', '').split('T')
  const full = time.length === 2 ? `${time}:00` : time
  return Date.parse(full === '' ? `${date}T00:00Z` : `${date}T${full}Z`)
}
