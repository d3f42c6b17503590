// What a Broker says of a datasource's segments at `/druid/v2/datasources/{name}/candidates`.
import { type SegmentState } from './store.ts'

interface Asked {
  readonly startMs: number
  readonly endMs: number
}

const INSTANT = /^[+-]?\d{4,}(-\d\d){0,2}(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?)?(Z|[+-]\d\d:\d\d)?$/

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
  if (more !== undefined || !INSTANT.test(from) || !INSTANT.test(to)) return undefined
  return { startMs: instantMs(from), endMs: instantMs(to) }
}

// Years beyond those of a Date are the ends of Druid's time.
function instantMs(text: string): number {
  const ms = Date.parse(/T|Z$/.test(text) && !/(Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text)
  if (!Number.isNaN(ms)) return ms
  return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

function meets({ startMs, endMs }: SegmentState, asked: Asked): boolean {
  return startMs < asked.endMs && endMs > asked.startMs
}

function listed({ startMs, endMs, version, partition, realtime }: SegmentState, asked: Asked): object {
  const from = new Date(Math.max(startMs, asked.startMs)).toISOString()
  const to = new Date(Math.min(endMs, asked.endMs)).toISOString()
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
