// Our calendar beside the real Druid: the same instants through TIME_FLOOR, TIME_CEIL, TIME_SHIFT, FLOOR TO, DATE_TRUNC
// and timeseries. OVATE_TIME_SEED plays a run again.
import { describe, expect, test } from 'vitest'
import { granularity, shift } from '../../src/time/granularity.ts'
import { parsePeriod } from '../../src/time/period.ts'
import { dateTruncUnit, floorToUnit } from '../../src/time/units.ts'
import { zoneChecksum, zoneNames } from '../../src/time/zone-names.ts'
import { type Zone, zoneOf } from '../../src/time/zone.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { parseJson, sql } from './http.ts'
import { randomOf } from './random.ts'

const SECOND_MS = 1_000
const QUARTER_MS = 900 * SECOND_MS
const HOUR_MS = 3_600 * SECOND_MS
const SEED = Number(process.env['OVATE_TIME_SEED'] ?? 1)

/** An expression of `x` in SQL, and what we make of it. */
interface Column {
  readonly sql: string
  readonly ours: (ms: number) => number | undefined
}

async function ask(query: string, context: object = {}): Promise<unknown[][]> {
  const body = { query, resultFormat: 'array', context: { useCache: false, ...context } }
  return parseJson(await sql(theCluster().brokers[0] ?? '', body)) as unknown[][]
}

/**
 * What differs, a line each; adds to `compared` how much didn't, leaving out what we refuse. Where Druid itself fails (a
 * full hour that a gap swallowed), one column is found that does, and all its instants that we don't refuse must work.
 */
async function differences(
  instants: readonly number[],
  columns: readonly Column[],
  compared: { count: number },
  context: object = {},
): Promise<string[]> {
  if (columns.length === 0 || instants.length === 0) return []
  const cells = columns.map((column) => `TIMESTAMP_TO_MILLIS(${column.sql})`)
  const query = `SELECT TIMESTAMP_TO_MILLIS(x), ${cells.join(', ')} FROM (
    SELECT MILLIS_TO_TIMESTAMP(CAST(y AS BIGINT)) AS x FROM UNNEST(ARRAY[${instants.join()}]) AS t(y))`
  let rows: unknown[][]
  try {
    rows = await ask(query, context)
  } catch (error) {
    if (!String(error).includes('IllegalFieldValueException')) throw error
    const [first, ...others] = columns
    if (first === undefined || others.length > 0) {
      const half = Math.ceil(columns.length / 2)
      const one = await differences(instants, columns.slice(0, half), compared, context)
      return [...one, ...(await differences(instants, columns.slice(half), compared, context))]
    }
    const kept = instants.filter((ms) => first.ours(ms) !== undefined)
    if (kept.length === instants.length) throw error
    return differences(kept, columns, compared, context)
  }
  expect(rows).toHaveLength(instants.length)
  return rows.flatMap(([x, ...theirs]) =>
    columns.flatMap(({ sql: text, ours }, index) => {
      const mine = ours(Number(x))
      if (mine === undefined) return []
      compared.count++
      return mine === theirs[index]
        ? []
        : [`${text} of ${Number(x)}: ${mine}, Druid ${String(theirs[index])}`]
    }),
  )
}

const ZONES = [
  'UTC',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'America/Havana',
  'America/Santiago',
  'America/Caracas',
  'America/Vancouver',
  'Europe/Berlin',
  'Europe/London',
  'Europe/Lisbon',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Africa/Monrovia',
  'Asia/Beirut',
  'Asia/Amman',
  'Asia/Tehran',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Asia/Tokyo',
  'Asia/Pyongyang',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Antarctica/Troll',
  'Etc/GMT+5',
  '+05:30',
] as const

const SINGLE = ['PT0.001S', 'PT1S', 'PT1M', 'PT1H', 'P1D', 'P1W', 'P1M', 'P1Y']
const SEVERAL = [
  'PT0.007S',
  'PT10S',
  'PT5M',
  'PT7M',
  'PT15M',
  'PT30M',
  'PT90M',
  'PT2H',
  'PT6H',
  'PT8H',
  'PT12H',
  'PT24H',
]
const LONG = ['P2D', 'P7D', 'P10D', 'P2W', 'P2M', 'P3M', 'P6M', 'P2Y', 'P10Y', 'P100Y']
const COMPOUND = ['P1DT6H', 'P1W1D', 'P1M15D', 'P1Y6M', 'P30DT1H']
/** With how many instants each; Druid walks all the way from the origin for each one of the last. */
const BATCHES = [
  { periods: [...SINGLE, ...SEVERAL, ...LONG], count: 60 },
  { periods: COMPOUND, count: 12 },
]

/** Undefined is Druid's own; then the epoch, an end of a month, a day in summer, one before 1970 and one to come. */
const ORIGINS = [undefined, 0, 1_580_471_123_456, 1_783_000_800_000, -5_400_000, 4_000_000_000_000]

/** Half of them near a change of the clock, a tenth near 1970; whole quarters of an hour are common. */
function instantsOf(zone: Zone, count: number, seed: number): number[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const any = zone.isFixed ? Math.floor((random.next() - 0.3) * 1e13) : Math.floor(random.next() * 4.1e12)
    const kind = random.below(10)
    const change = zone.nextTransition(any)
    const base = kind < 5 && change < 4.1e12 ? change : kind === 5 ? 0 : any
    const away = Math.floor(
      (random.next() - 0.5) * random.pick([2, SECOND_MS, 2 * HOUR_MS, 8 * HOUR_MS, 60 * HOUR_MS]),
    )
    return random.below(3) === 0 ? Math.round((base + away) / QUARTER_MS) * QUARTER_MS : base + away
  })
}

function argumentsOf(period: string, originMs: number | undefined, zone: string): string {
  return `x, '${period}', ${originMs === undefined ? 'NULL' : `MILLIS_TO_TIMESTAMP(${originMs})`}, '${zone}'`
}

describe.runIf(clusterAvailable)(`our calendar is Druid's (seed ${SEED})`, { timeout: 600_000 }, () => {
  test.each(ZONES)('TIME_FLOOR and TIME_CEIL in %s', async (name) => {
    const zone = zoneOf(name)!
    const compared = { count: 0 }
    let asked = 0
    const runs = ORIGINS.flatMap((originMs) => BATCHES.map((batch) => ({ ...batch, originMs })))
    for (const [index, { periods, count, originMs }] of runs.entries()) {
      const instants = instantsOf(zone, count, SEED + index)
      const columns = periods.flatMap((period) => {
        const it = granularity({ period, originMs, zone: name })
        const list = argumentsOf(period, originMs, name)
        return [
          { sql: `TIME_FLOOR(${list})`, ours: (ms: number) => it?.floor(ms) },
          { sql: `TIME_CEIL(${list})`, ours: (ms: number) => it?.ceil(ms) },
        ]
      })
      asked += instants.length * columns.length
      expect(await differences(instants, columns, compared)).toEqual([])
    }
    // What leaves the years that are known is refused, and so is Vancouver since October 2026.
    expect(compared.count / asked).toBeGreaterThan(0.25)
  })

  test.each(ZONES)('TIME_SHIFT in %s', async (name) => {
    const zone = zoneOf(name)!
    const compared = { count: 0 }
    const instants = instantsOf(zone, 150, SEED + 100)
    const columns = [...SINGLE, 'PT90M', 'PT36H', ...COMPOUND, 'P1Y1M1W1DT1H1M1.001S'].flatMap((period) =>
      [0, 1, -1, 7, -24].map((step) => ({
        sql: `TIME_SHIFT(x, '${period}', ${step}, '${name}')`,
        ours: (ms: number) => shift(ms, parsePeriod(period)!, step, zone),
      })),
    )
    expect(await differences(instants, columns, compared)).toEqual([])
    expect(compared.count / (instants.length * columns.length)).toBeGreaterThan(0.25)
  })

  const UNITS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year']
  const LONG_UNITS = ['microseconds', 'milliseconds', 'decade', 'century', 'millennium']

  test.each(['UTC', 'America/New_York', 'Asia/Kolkata'])('units of the session in %s', async (zone) => {
    const compared = { count: 0 }
    const floor = (period: string | undefined) => (ms: number) =>
      granularity({ period: period ?? '', zone })?.floor(ms)
    const columns = [
      ...UNITS.map((unit) => ({ sql: `FLOOR(x TO ${unit})`, ours: floor(floorToUnit(unit)?.text) })),
      ...[...UNITS, ...LONG_UNITS].map((unit) => ({
        sql: `DATE_TRUNC('${unit}', x)`,
        ours: floor(dateTruncUnit(unit)?.text),
      })),
    ]
    const instants = instantsOf(zoneOf(zone)!, 200, SEED + 200)
    expect(await differences(instants, columns, compared, { sqlTimeZone: zone })).toEqual([])
    expect(compared.count / (instants.length * columns.length)).toBeGreaterThan(0.8)
  })

  test.each(['MILLISECOND', 'DECADE', 'CENTURY', 'MILLENNIUM', 'DOW', 'EPOCH'])(
    'FLOOR TO %s fails',
    async (unit) => {
      expect(floorToUnit(unit)).toBeUndefined()
      await expect(ask(`SELECT FLOOR(TIMESTAMP '2026-01-01 00:00:00' TO ${unit})`)).rejects.toThrow(
        /^HTTP [45]/,
      )
    },
  )
})

/** The offset of a zone at `x` as a difference of two instants. */
function offsetColumn(name: string): Column {
  const pattern = "'yyyy-MM-dd HH:mm:ss.SSS'"
  const zone = zoneOf(name)
  return {
    sql: `TIME_PARSE(TIME_FORMAT(x, ${pattern}, '${name}'), ${pattern}, 'UTC')`,
    ours: (ms) => {
      const offset = zone?.offsetAt(ms)
      return offset === undefined || Number.isNaN(offset) ? undefined : ms + offset
    },
  }
}

function changesOf(zone: Zone): number[] {
  const changes: number[] = []
  for (let ms = zone.startMs; zone.nextTransition(ms) !== ms;) {
    ms = zone.nextTransition(ms)
    if (!Number.isNaN(zone.offsetAt(ms)) && !Number.isNaN(zone.offsetAt(ms - 1))) changes.push(ms)
  }
  return changes
}

describe.runIf(clusterAvailable)("the table's zones are Druid's", { timeout: 1_200_000 }, () => {
  const names = [...zoneNames()]

  test('this Node knows them all', () => {
    expect(names.filter((name) => zoneOf(name) === undefined)).toEqual([])
  })

  test('each name has the offsets that Druid has, in January and July of some years', async () => {
    const instants = [1970, 1985, 2000, 2012, 2026].flatMap((year) => [
      Date.UTC(year, 0, 15),
      Date.UTC(year, 6, 15),
    ])
    const compared = { count: 0 }
    for (let from = 0; from < names.length; from += 60) {
      const columns = names.slice(from, from + 60).map(offsetColumn)
      expect(await differences(instants, columns, compared)).toEqual([])
    }
    expect(compared.count).toBeGreaterThan(0.95 * names.length * instants.length)
  })

  test('each set of rules changes when it does in Druid', async () => {
    const first = new Map(names.map((name) => [zoneChecksum(name), name]))
    const compared = { count: 0 }
    const wrong: string[] = []
    for (const name of first.values()) {
      const instants = changesOf(zoneOf(name)!).flatMap((ms) => [ms - 1, ms])
      if (instants.length > 0) wrong.push(...(await differences(instants, [offsetColumn(name)], compared)))
    }
    expect(wrong).toEqual([])
    expect(compared.count).toBeGreaterThan(20_000)
  })

  test.each(['z', 'utc', 'america/new_york', '+5:30', '+24:00', 'Nope/Zone'])(
    '%s is silently UTC',
    async (name) => {
      expect(zoneOf(name)).toBeUndefined()
      expect(await ask(`SELECT TIME_FLOOR(MILLIS_TO_TIMESTAMP(1), 'P1D', NULL, '${name}')`)).toEqual([
        ['1970-01-01T00:00:00.000Z'],
      ])
    },
  )
})

describe.runIf(clusterAvailable)("Druid's own buckets of rows are ours", { timeout: 600_000 }, () => {
  // The rows of dst lie around the changes of clocks in March and in autumn of 2026.
  test.each([
    ['PT1H', 'America/New_York'],
    ['PT6H', 'America/New_York'],
    ['P1D', 'America/New_York'],
    ['P1W', 'America/New_York'],
    ['P1M', 'America/New_York'],
    ['P1D', 'America/St_Johns'],
    ['P2D', 'Europe/Berlin'],
    ['PT15M', 'Asia/Kathmandu'],
    ['P1D', 'Europe/London'],
    ['P1D', 'UTC'],
    ['P1DT6H', 'America/New_York'],
    // Again where somebody drops or restores a day of it at the same time.
  ])('a timeseries by %s in %s', { retry: 3 }, async (period, zone) => {
    const times = (await ask('SELECT TIMESTAMP_TO_MILLIS(__time) FROM dst')).map(([ms]) => Number(ms))
    expect(times.length).toBeGreaterThan(1_000)
    const it = granularity({ period, zone })!
    const counts = new Map<number, number>()
    for (const ms of times) counts.set(it.floor(ms)!, (counts.get(it.floor(ms)!) ?? 0) + 1)
    const rows = await ask(
      `SELECT TIMESTAMP_TO_MILLIS(TIME_FLOOR(__time, '${period}', NULL, '${zone}')), COUNT(*) FROM dst GROUP BY 1`,
    )
    const bucket = `TIME_FLOOR(__time, '${period}', NULL, '${zone}')`
    const series = await ask(`SELECT ${bucket}, COUNT(*) FROM dst GROUP BY 1 ORDER BY 1`)
    const ours = [...counts].toSorted(([one], [other]) => one - other)
    expect(rows.toSorted(([one], [other]) => Number(one) - Number(other))).toEqual(ours)
    expect(series.map(([label, count]) => [Date.parse(String(label)), count])).toEqual(ours)
    const starts = it.starts({ startMs: Math.min(...times), endMs: Math.max(...times) + 1 }, 1_000_000)
    expect(ours.filter(([start]) => starts?.includes(start) !== true)).toEqual([])
  })
})
