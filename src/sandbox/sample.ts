// Sample data: page edits of a wiki, by the hour in waves, the same for the same seed.
import { type SandboxEngine } from './engine.ts'
import { type ColumnKind, DAY_MS, instantLiteral, type SandboxTable } from './store.ts'

const EVENT_COLUMNS: ReadonlyMap<string, ColumnKind> = new Map<string, ColumnKind>([
  ['__time', 'TIMESTAMP'],
  ['country', 'VARCHAR'],
  ['city', 'VARCHAR'],
  ['channel', 'VARCHAR'],
  ['page', 'VARCHAR'],
  ['user', 'VARCHAR'],
  ['device', 'VARCHAR'],
  ['isRobot', 'BIGINT'],
  ['referrer', 'VARCHAR'],
  ['reqId', 'BIGINT'],
  ['added', 'BIGINT'],
  ['deleted', 'BIGINT'],
  ['delta', 'BIGINT'],
  ['price', 'DOUBLE'],
  ['latency', 'FLOAT'],
])

const CITIES: readonly (readonly [string, string])[] = [
  ['US', 'New York'],
  ['US', 'Chicago'],
  ['US', 'San Francisco'],
  ['DE', 'Berlin'],
  ['DE', 'München'],
  ['FR', 'Paris'],
  ['GB', 'London'],
  ['IN', 'Mumbai'],
  ['JP', '東京'],
  ['BR', 'São Paulo'],
]
const DEVICES = ['mobile', 'desktop', 'tablet']
const CHANNELS = ['search', 'direct', 'social', 'mail']

/** `events`: whole days that end at the last midnight (UTC) before `nowMs`, so many rows a day. */
export async function sampleEvents(
  engine: SandboxEngine,
  {
    nowMs,
    days,
    rowsPerDay,
    seed,
  }: { readonly nowMs: number; readonly days: number; readonly rowsPerDay: number; readonly seed: number },
): Promise<SandboxTable> {
  const table = await engine.createTable('events', EVENT_COLUMNS)
  const midnight = Math.floor(nowMs / DAY_MS) * DAY_MS
  for (let day = midnight - days * DAY_MS; day < midnight; day += DAY_MS) {
    await table.fill(day, dayOfEvents(day, rowsPerDay, seed))
  }
  return table
}

function dayOfEvents(dayMs: number, rows: number, seed: number): string {
  const random = (salt: number): string =>
    `((hash(i * 31 + ${salt}, ${seed}, ${dayMs / DAY_MS}) % 1000000)::DOUBLE / 1000000)`
  const pick = (values: readonly string[], salt: number): string =>
    `([${values.map((value) => `'${value}'`).join(', ')}])[1 + (${random(salt)} * ${random(salt)} * ${values.length})::INTEGER % ${values.length}]`
  const place = `(1 + (${random(1)} * ${CITIES.length})::INTEGER % ${CITIES.length})`
  // A wave over the day: few at night.
  const second = `(86399 * (${random(2)} + 0.12 * sin(6.2832 * ${random(2)}) / 6.2832))`
  return `SELECT ${instantLiteral(dayMs)} + INTERVAL 1 MILLISECOND * CAST(${second} * 1000 AS BIGINT),
    ([${CITIES.map(([country]) => `'${country}'`).join(', ')}])[${place}],
    ([${CITIES.map(([, city]) => `'${city}'`).join(', ')}])[${place}],
    ${pick(CHANNELS, 3)}, 'Page ' || (${random(4)} * ${random(4)} * 400)::INTEGER, 'user' || (${random(5)} * 900)::INTEGER,
    ${pick(DEVICES, 6)}, CASE WHEN ${random(7)} < 0.1 THEN 1 ELSE 0 END,
    CASE WHEN ${random(8)} < 0.3 THEN NULL WHEN ${random(8)} < 0.35 THEN '' ELSE 'https://example.com/' || (${random(9)} * 20)::INTEGER END,
    9007199254740992 + i, (${random(10)} * 500)::BIGINT, (${random(11)} * 100)::BIGINT,
    (${random(10)} * 500)::BIGINT - (${random(11)} * 100)::BIGINT, round(${random(12)} * 100, 2), round(${random(13)} * 250, 3)::FLOAT
    FROM range(${rows}) AS t(i)`
}

const STREAM_COLUMNS: ReadonlyMap<string, ColumnKind> = new Map<string, ColumnKind>([
  ['__time', 'TIMESTAMP'],
  ['country', 'VARCHAR'],
  ['device', 'VARCHAR'],
  ['value', 'BIGINT'],
])

/** `stream`: empty at first; `tick` adds rows that have just arrived. */
export async function sampleStream(
  engine: SandboxEngine,
): Promise<{ readonly table: SandboxTable; tick(nowMs: number): Promise<void> }> {
  const table = await engine.createTable('stream', STREAM_COLUMNS)
  let count = 0
  const tick = async (nowMs: number): Promise<void> => {
    const rows = Array.from({ length: ROWS_PER_TICK }, (_, index) => {
      count += 1
      const [country] = CITIES[count % CITIES.length] ?? []
      return { __time: nowMs - index, country, device: DEVICES[count % DEVICES.length], value: count % 97 }
    })
    await table.append(rows, true)
  }
  return { table, tick }
}

const ROWS_PER_TICK = 5
