// Statements as nobody should write them, and as somebody does: over odd windows, of odd names and values. Asked in the fast
// test of the sandbox, and in the slow one of Druid itself.
import { randomOf } from '../cluster/random.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Rows lie in these days, but for a stray one of 1970. */
const FIRST_DAY_MS = Date.UTC(2026, 9, 28)
const DAYS = 6
const PER_DAY = 150
const STRAY_MS = Date.UTC(1970, 0, 1, 0, 0, 7)

/** Named like keywords, with a blank and a quote, beyond ASCII and beyond 16 bits. */
export const TEXT_COLUMNS = ['order', 'select', 'größe', 'a "b" c', '𝔘𝔫𝔦'] as const
export const NUMBER_COLUMNS = ['value', 'count', 'big'] as const

/** Sorted by UTF-16 or by a language, these come in other orders than by their bytes. */
const TEXTS = [
  'a',
  'B',
  'é',
  'e\u0301',
  '東京',
  '\uFFFD',
  '😀',
  '𝔘',
  'ﬀ',
  '',
  "it's",
  'say "so"',
  'back\\slash',
  'line\nbreak',
  'tab\t',
  'a,b;c',
  null,
  null,
] as const

/** A row by its columns, and `ts`, ms. */
export type OddRow = Readonly<Record<string, string | number | null>> & { readonly ts: number }

/** The rows, always the same ones. `big` is text: it is past 2^53. */
export function oddRows(): readonly OddRow[] {
  const random = randomOf(20_261_101)
  const rowAt = (ts: number): OddRow => ({
    ts,
    ...Object.fromEntries(TEXT_COLUMNS.map((name) => [name, random.pick(TEXTS)])),
    value: random.below(2_000) - 1_000,
    count: random.next() < 0.3 ? null : random.below(9),
    big: String(9_007_199_254_740_993n + BigInt(random.below(1_000))),
  })
  const moments = Array.from({ length: DAYS * PER_DAY }, (_, at) => {
    const day = Math.floor(at / PER_DAY)
    return FIRST_DAY_MS + day * DAY_MS + random.below(DAY_MS)
  })
  return [STRAY_MS, ...moments].map(rowAt)
}

/** Parts begin with the third asking; the last one is numbered so. */
export const LAST_ASKING = 3

type ExpectedPlan = 'series' | 'merge' | 'whole' | 'pass'

/** Plans that an answer may have had: what another case left may do for parts of it. */
export function waysOf(plan: ExpectedPlan): readonly string[] {
  return plan === 'series' || plan === 'merge' ? [plan, 'derive'] : [plan]
}

export interface BadCase {
  readonly name: string
  /** The statement when it is asked for the `at`th time: each time over another window. */
  readonly sql: (at: number) => string
  readonly plan: ExpectedPlan
  readonly context: Readonly<Record<string, unknown>>
}

function stamp(ms: number): string {
  return `TIMESTAMP '${blank(ms)}'`
}

function blank(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1).replace('T', ' ')
}

const END_MS = FIRST_DAY_MS + DAYS * DAY_MS
/** Another start each time, so that nothing is given as it was. */
const startOf = (at: number): number => FIRST_DAY_MS + DAY_MS + at * 7 * MINUTE_MS
const bounds = (startMs: number, endMs: number): string =>
  `"__time" >= ${stamp(startMs)} AND "__time" < ${stamp(endMs)}`
const sliding = (at: number): string => bounds(startOf(at), END_MS)

/** `n` is a name of its own for each window: what is held for one of them serves no other. */
type Form = readonly [
  kind: Extract<ExpectedPlan, 'series' | 'merge'>,
  how: string,
  text: (time: string, n: string) => string,
]

const FORMS: readonly Form[] = [
  [
    'series',
    'by hours',
    (time, n) =>
      `SELECT FLOOR("__time" TO HOUR) AS h, COUNT(*) AS ${n}, SUM("value") AS s FROM odd WHERE ${time} GROUP BY 1`,
  ],
  [
    'merge',
    'by a dimension',
    (time, n) =>
      `SELECT "order", COUNT(*) AS ${n}, MAX("big") AS b FROM odd WHERE ${time} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 9`,
  ],
  [
    'merge',
    'in total',
    (time, n) => `SELECT COUNT(*) AS ${n}, MIN("value") AS v, MAX("__time") AS t FROM odd WHERE ${time}`,
  ],
]

interface OddWindow {
  readonly name: string
  readonly time: (at: number) => string
  /** Where it isn't from parts: of an empty window Druid's plan tells nothing. */
  readonly plan?: ExpectedPlan
  /** Of what is merged: where no segment is, nothing is held that could be merged; a local MAX(__time) isn't merged. */
  readonly merged?: ExpectedPlan
  readonly totals?: ExpectedPlan
  /** So many of the forms alone, where it costs much. */
  readonly forms?: number
  readonly context?: Readonly<Record<string, unknown>>
}

const KOLKATA = { sqlTimeZone: 'Asia/Kolkata' }

const WINDOWS: readonly OddWindow[] = [
  {
    name: 'inverted',
    plan: 'whole',
    time: (at) => `"__time" >= ${stamp(END_MS)} AND "__time" < ${stamp(startOf(at))}`,
  },
  {
    name: 'inverted in the end',
    merged: 'whole',
    time: (at) => (at < LAST_ASKING ? sliding(at) : bounds(END_MS, FIRST_DAY_MS)),
  },
  {
    name: 'before all rows in the end',
    merged: 'whole',
    time: (at) => (at < LAST_ASKING ? sliding(at) : bounds(Date.UTC(1900, 0), Date.UTC(1900, 1))),
  },
  {
    name: 'behind all rows in the end',
    merged: 'whole',
    time: (at) => (at < LAST_ASKING ? sliding(at) : bounds(Date.UTC(3000, 0), Date.UTC(3000, 1))),
  },
  {
    name: 'between the stray row and the others in the end',
    time: (at) => (at < LAST_ASKING ? sliding(at) : bounds(Date.UTC(1999, 0), Date.UTC(2026, 0))),
  },
  {
    name: 'of all years in the end',
    time: (at) => (at < LAST_ASKING ? sliding(at) : bounds(-62_135_596_800_000, Date.UTC(9999, 11, 31))),
  },
  {
    name: 'BETWEEN inverted',
    plan: 'whole',
    time: (at) => `"__time" BETWEEN ${stamp(END_MS)} AND ${stamp(startOf(at))}`,
  },
  {
    name: 'of nothing',
    plan: 'whole',
    time: (at) => `"__time" >= ${stamp(startOf(at))} AND "__time" < ${stamp(startOf(at))}`,
  },
  {
    name: 'of a millisecond',
    time: (at) => `"__time" > ${stamp(startOf(at))} AND "__time" <= ${stamp(startOf(at) + 1)}`,
  },
  {
    name: 'equal to two instants',
    plan: 'whole',
    time: (at) => `"__time" = ${stamp(startOf(at))} AND "__time" = ${stamp(END_MS)}`,
  },
  {
    name: 'of bounds that contradict each other',
    plan: 'whole',
    time: (at) =>
      `"__time" >= ${stamp(startOf(at))} AND "__time" < ${stamp(END_MS)} AND "__time" < ${stamp(startOf(at) - 1)}`,
  },
  {
    name: 'of more bounds than it needs',
    time: (at) =>
      `${sliding(at)} AND "__time" > ${stamp(FIRST_DAY_MS)} AND "__time" <= ${stamp(END_MS - HOUR_MS)}`,
  },
  {
    name: 'from year 1 to year 9999',
    time: (at) =>
      `"__time" >= TIMESTAMP '0001-01-01 00:00:00' AND "__time" < TIMESTAMP '9999-12-31 23:59:${10 + at}'`,
  },
  {
    name: 'from year 0',
    // Druid refuses some spellings of it, and takes others.
    plan: 'whole',
    time: (at) => `"__time" >= TIMESTAMP '0000-01-01 00:00:00' AND "__time" < ${stamp(startOf(at))}`,
  },
  {
    name: 'from year 0 by milliseconds',
    plan: 'whole',
    time: (at) =>
      `"__time" >= MILLIS_TO_TIMESTAMP(-62167219200000) AND "__time" < MILLIS_TO_TIMESTAMP(${startOf(at) + 7})`,
  },
  {
    name: 'from 1970, where one row is',
    time: (at) => `"__time" >= TIMESTAMP '1970-01-01 00:00:0${at}' AND "__time" < ${stamp(END_MS)}`,
  },
  { name: 'of 1970 alone', time: (at) => `"__time" < TIMESTAMP '1970-01-02 00:00:0${at}'` },
  { name: 'open at its start', time: (at) => `"__time" < ${stamp(startOf(at))}` },
  { name: 'open at its end', time: (at) => `"__time" >= ${stamp(startOf(at))}` },
  { name: 'of all but an instant', time: (at) => `"__time" <> ${stamp(startOf(at))}` },
  {
    name: 'of all that there is',
    time: (at) => `("__time" < ${stamp(startOf(at))} OR "__time" >= ${stamp(startOf(at))})`,
  },
  {
    name: 'of two days out of three',
    time: (at) =>
      `${sliding(at)} AND NOT ("__time" >= ${stamp(startOf(at) + DAY_MS)} AND "__time" < ${stamp(startOf(at) + 2 * DAY_MS)})`,
  },
  {
    name: 'of instants in a list',
    time: (at) => `"__time" IN (${stamp(startOf(at))}, ${stamp(STRAY_MS)}, ${stamp(END_MS)})`,
  },
  {
    name: 'by a day without a time',
    time: (at) => `"__time" >= '2026-10-29' AND "__time" < '2026-11-0${1 + at}'`,
  },
  {
    name: 'by texts without a zone',
    time: (at) => `"__time" >= '2026-10-29 05:0${at}:00' AND "__time" < '2026-11-01 07:30:00.5'`,
  },
  {
    name: 'by texts without a zone, in Kolkata',
    time: (at) => `"__time" >= '2026-10-29 05:0${at}:00' AND "__time" < '2026-11-01 07:30:00'`,
    context: KOLKATA,
    totals: 'whole',
  },
  {
    name: 'by timestamps without a zone, in Kolkata',
    time: (at) => `"__time" >= ${stamp(startOf(at))} AND "__time" < ${stamp(END_MS)}`,
    context: KOLKATA,
    totals: 'whole',
  },
  {
    name: 'beside ten thousand numbers in a list',
    time: (at) => `${sliding(at)} AND "value" IN (${numbers(10_000)})`,
    forms: 2,
  },
  {
    name: 'beside ten thousand texts in a list',
    time: (at) => `${sliding(at)} AND "select" IN (${texts(10_000)})`,
    forms: 1,
    plan: 'pass',
  },
  { name: 'beside what is never true', plan: 'whole', time: (at) => `${sliding(at)} AND 1 = 2` },
]

function numbers(count: number): string {
  return Array.from({ length: count }, (_, number) => number - 500).join(',')
}

function texts(count: number): string {
  return Array.from({ length: count }, (_, number) => `'text ${number}'`).join(',')
}

type Statement = readonly [string, ExpectedPlan, (time: string) => string]

const STATEMENTS: readonly Statement[] = [
  [
    'columns named like keywords',
    'series',
    (time) =>
      `SELECT FLOOR("__time" TO DAY) AS "from", "order", "select", SUM("count") AS "count" FROM odd WHERE ${time} GROUP BY 1, 2, 3 ORDER BY "select", "order" DESC, 1`,
  ],
  [
    'columns named like keywords, not by time',
    'merge',
    (time) =>
      `SELECT "order" AS "group", SUM("count") AS "limit", AVG("value") AS "end" FROM odd WHERE ${time} GROUP BY 1 ORDER BY 2 DESC, 1`,
  ],
  [
    'columns with letters beyond ASCII, blanks and quotes',
    'series',
    (time) =>
      `SELECT FLOOR("__time" TO DAY) AS "日", "größe", "a ""b"" c", COUNT(*) AS "𝔫" FROM odd WHERE ${time} GROUP BY 1, 2, 3 ORDER BY 2, 3, 1`,
  ],
  [
    'texts beyond ASCII, ordered',
    'merge',
    (time) => `SELECT "𝔘𝔫𝔦", COUNT(*) AS n FROM odd WHERE ${time} GROUP BY 1 ORDER BY 1`,
  ],
  [
    'texts beyond ASCII, ordered backwards and cut',
    'merge',
    (time) =>
      `SELECT "größe", COUNT(*) AS n FROM odd WHERE ${time} AND "größe" IS NOT NULL GROUP BY 1 ORDER BY 1 DESC LIMIT 11`,
  ],
  [
    'texts beyond ASCII in conditions',
    'merge',
    (time) =>
      `SELECT "größe", COUNT(*) AS n FROM odd WHERE ${time} AND "größe" IN ('東京', '😀', U&'\\00e9', 'it''s') GROUP BY 1 ORDER BY 1`,
  ],
  [
    'comments and names in the manner of syntax',
    'series',
    (time) =>
      `SELECT /* FROM x */ FLOOR("__time" TO DAY) -- GROUP BY 2\n AS "GROUP BY", COUNT(*) "-- n" FROM odd WHERE ${time} GROUP BY 1`,
  ],
  [
    'an output name twice',
    'series',
    (time) =>
      `SELECT FLOOR("__time" TO DAY) AS d, COUNT(*) AS n, SUM("value") AS n FROM odd WHERE ${time} GROUP BY 1`,
  ],
  [
    'an output name twice, for several types',
    'pass',
    (time) =>
      `SELECT "order" AS x, COUNT(*) AS x, MAX("value") AS x FROM odd WHERE ${time} GROUP BY 1 ORDER BY 2 DESC`,
  ],
  [
    'an output name that another column has',
    'merge',
    (time) =>
      `SELECT "select" AS "order", COUNT(*) AS "value" FROM odd WHERE ${time} GROUP BY "select" ORDER BY "value" DESC, "order"`,
  ],
  [
    'no output names',
    'merge',
    (time) =>
      `SELECT "order", COUNT(*), SUM("value"), COUNT(*) + 1 FROM odd WHERE ${time} GROUP BY 1 ORDER BY 1`,
  ],
  // Druid answers it without a look at the data.
  [
    'LIMIT 0',
    'whole',
    (time) =>
      `SELECT FLOOR("__time" TO DAY) AS d, COUNT(*) AS nothing FROM odd WHERE ${time} GROUP BY 1 LIMIT 0`,
  ],
  [
    'an offset behind the last row',
    'series',
    (time) =>
      `SELECT FLOOR("__time" TO DAY) AS d, COUNT(*) AS n FROM odd WHERE ${time} GROUP BY 1 ORDER BY 1 LIMIT 5 OFFSET 500`,
  ],
  [
    'sums past 2^63',
    'merge',
    (time) =>
      `SELECT "order", SUM("big" * 1000) AS s, COUNT(*) AS n FROM odd WHERE ${time} GROUP BY 1 ORDER BY 1`,
  ],
  [
    'integers past 2^53, ordered',
    'series',
    (time) =>
      `SELECT FLOOR("__time" TO DAY) AS d, "big", COUNT(*) AS n FROM odd WHERE ${time} GROUP BY 1, 2 ORDER BY 2 DESC, 1 LIMIT 50`,
  ],
  [
    'nothing but the bucket',
    'series',
    (time) => `SELECT FLOOR("__time" TO DAY) AS d FROM odd WHERE ${time} GROUP BY 1`,
  ],
  ['nothing but the dimension', 'merge', (time) => `SELECT "order" FROM odd WHERE ${time} GROUP BY 1`],
  // A groupBy counts rows without any value of a multi-value dimension as null, a topN not at all.
  [
    'a topN with null among its rows',
    'whole',
    (time) => `SELECT "select", COUNT(*) AS top FROM odd WHERE ${time} GROUP BY 1 ORDER BY 2 DESC LIMIT 15`,
  ],
  [
    'a topN without null among its rows',
    'merge',
    (time) =>
      `SELECT "select", COUNT(*) AS top FROM odd WHERE ${time} AND "select" IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 15`,
  ],
  [
    'HAVING without GROUP BY',
    'merge',
    (time) => `SELECT COUNT(*) AS n FROM odd WHERE ${time} HAVING COUNT(*) > 1000000`,
  ],
  [
    'an aggregate whose filter nothing meets',
    'merge',
    (time) =>
      `SELECT "order", SUM("value") FILTER (WHERE "select" = 'nothing') AS s, COUNT(*) FILTER (WHERE 1 = 2) AS n FROM odd WHERE ${time} GROUP BY 1 ORDER BY 1`,
  ],
]

function expectedOf({ plan, merged, totals }: OddWindow, kind: ExpectedPlan, how: string): ExpectedPlan {
  const special = how === 'in total' ? (totals ?? merged) : kind === 'merge' ? merged : undefined
  return special ?? plan ?? kind
}

/** All of them. */
export const BAD_CASES: readonly BadCase[] = [
  ...WINDOWS.flatMap((window, index) =>
    FORMS.slice(0, window.forms).map(([kind, how, form]) => ({
      name: `a window ${window.name}, ${how}`,
      sql: (at: number) => form(window.time(at), `n${index}`),
      plan: expectedOf(window, kind, how),
      context: window.context ?? {},
    })),
  ),
  ...STATEMENTS.map(([name, plan, form]) => ({
    name,
    sql: (at: number) => form(sliding(at)),
    plan,
    context: {},
  })),
]
