// What a Broker says of a datasource's segments at `/druid/v2/datasources/{name}/candidates`.
import { instantText, readInstant } from '../time/instant-text.ts'
import { type SegmentState } from './store.ts'

interface Asked {
  readonly startMs: number
  readonly endMs: number
}

/** What may be left out of an instant, in one of the years that both Joda and JavaScript write with four digits. */
const SHORT = /^\d{4}(-\d\d){0,2}(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?(Z|[+-]\d\d:\d\d)?$/

/**
 * Each segment clipped to what was asked, once for each interval that it meets, as Druid 33 lists them. Undefined when
 * the intervals can't be read: Druid's answer to that is a page.
 */
export function candidates(
  segments: readonly SegmentState[],
  intervals: string,
): readonly object[] | undefined {
  const asked = intervals.split(',').map((interval) => parse(interval))
  if (asked.includes(undefined)) return undefined
  return asked.flatMap((interval) =>
    interval === undefined
      ? []
      : segments.filter((one) => meets(one, interval)).map((one) => listed(one, interval)),
  )
}

function parse(interval: string): Asked | undefined {
  const [from = '', to = '', more] = interval.split('/')
  const [startMs, endMs] = [instantMs(from), instantMs(to)]
  return more === undefined && startMs <= endMs ? { startMs, endMs } : undefined
}

function instantMs(text: string): number {
  const full = readInstant(text)
  if (full !== undefined) return Number(full)
  if (!SHORT.test(text)) return Number.NaN
  return Date.parse(/T|Z$/.test(text) && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text)
}

function meets({ startMs, endMs }: SegmentState, asked: Asked): boolean {
  return startMs < asked.endMs && endMs > asked.startMs
}

function listed({ startMs, endMs, version, partition, realtime }: SegmentState, asked: Asked): object {
  const from = instantText(Math.max(startMs, asked.startMs))
  const to = instantText(Math.min(endMs, asked.endMs))
  return {
    interval: `${from}/${to}`,
    version,
    partitionNumber: partition,
    size: realtime ? 0 : 1_000_000,
    locations: [
      {
        name: 'sandbox:8083',
        host: 'sandbox:8083',
        hostAndTlsPort: null,
        maxSize: realtime ? 0 : 20_000_000_000,
        type: realtime ? 'indexer-executor' : 'historical',
        tier: '_default_tier',
        priority: 0,
      },
    ],
  }
}
