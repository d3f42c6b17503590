// The seeded rows, the same in every run but for the day they end at.
import { randomOf, type Random } from './random.ts'

export type DataSize = 'small' | 'full' | 'none'

export const EVENT_DAYS = 60
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const ROWS_PER_HOUR: Record<Exclude<DataSize, 'none'>, number> = { small: 42, full: 730 }
// 2^53 + 1: the first integer that a JS number cannot hold.
const FIRST_REQ_ID = 9_007_199_254_740_993n

const COUNTRIES = [
  'US', 'DE', 'FR', 'GB', 'BR', 'JP', 'IN', 'CA', 'AU', 'ES', 'IT', 'NL', 'SE', 'PL', 'MX', 'AR', 'ZA', 'KR', 'CN', 'TR',
] as const // prettier-ignore
const CITIES = [
  'Berlin',
  'München',
  'São Paulo',
  '東京',
  'New York',
  'Zürich',
  'Kraków',
  'Москва',
  'القاهرة',
  '🌍',
] as const
const LANGUAGES = ['en', 'de', 'fr', 'es', 'ja', 'pt'] as const
const SOURCES = ['web', 'app', 'mail'] as const
const DEVICES = ['desktop', 'desktop', 'desktop', 'mobile', 'mobile', 'tablet', 'tv', 'bot'] as const
const TAGS = ['new', 'sale', 'vip', 'beta', 'a,b', 'ünï', 'x"y', 'promo', 'news', 'sport'] as const
const REFERRERS = ['https://google.com', 'https://t.co', '', 'https://news.example/ö', "it's"] as const
// As JSON text: what a double can be where printing it goes wrong.
const WEIGHTS = [
  '0', '-0.0', '0.1', '1', '100', '-2.5', '1.0E7', '12345678.9', '0.001', '1.0E-4', '123456789012345680', '1.5E21',
  '4.9E-324', '1.7976931348623157E308', 'null',
] as const // prettier-ignore

/** The rows of `events`, about 60 k (`small`) or 1 M (`full`), as lines of JSON. `start` is in ms, a midnight of UTC. */
export function* eventLines(size: Exclude<DataSize, 'none'>, start: number): Generator<string> {
  const random = randomOf(20_260_924)
  let reqId = FIRST_REQ_ID
  for (let hour = 0; hour < EVENT_DAYS * 24; hour += 1) {
    const wave = 1 + 0.5 * Math.sin((((hour % 24) - 8) / 24) * 2 * Math.PI)
    const count = Math.round(ROWS_PER_HOUR[size] * wave)
    for (let row = 0; row < count; row += 1) {
      yield eventLine(random, start + hour * HOUR_MS, reqId)
      reqId += 3n
    }
  }
}

/** The rows of `dst`: one each ten minutes and country, over the days round both changes of US time in 2026. */
export function* dstLines(): Generator<string> {
  const random = randomOf(20_261_101)
  for (const interval of DST_INTERVALS) {
    const [start = '', end = ''] = interval.split('/')
    for (let time = Date.parse(start); time < Date.parse(end); time += 600_000) {
      for (const country of ['US', 'DE', 'JP']) {
        const device = random.pick(DEVICES)
        yield `{"ts":${time + random.below(600_000)},"country":"${country}","device":"${device}","added":${random.below(500)},"price":${price(random)}}`
      }
    }
  }
}

/** US clocks go forward on 8 March and back on 1 November 2026. */
export const DST_INTERVALS = ['2026-03-06/2026-03-11', '2026-10-30/2026-11-04'] as const

/** The days of `events` that end at `end`, as an ISO interval. */
export function eventsInterval(end: number): string {
  return `${new Date(end - EVENT_DAYS * DAY_MS).toISOString()}/${new Date(end).toISOString()}`
}

/** The last midnight of UTC, in ms. */
export function midnight(now: number): number {
  return now - (now % DAY_MS)
}

/** The map of the lookup `country_name`. One country has none, one name is not ASCII. */
export const COUNTRY_NAMES: Readonly<Record<string, string>> = {
  US: 'United States',
  DE: 'Germany',
  FR: 'France',
  GB: 'United Kingdom',
  BR: 'Brasil',
  JP: '日本',
  IN: 'India',
  CA: 'Canada',
  AU: 'Australia',
  ES: 'España',
  IT: 'Italy',
  NL: 'Netherlands',
  SE: 'Sweden',
  PL: 'Poland',
  MX: 'México',
  AR: 'Argentina',
  ZA: 'South Africa',
  KR: 'South Korea',
  CN: 'China',
}

function eventLine(random: Random, hour: number, reqId: bigint): string {
  const added = Math.floor(-Math.log(1 - random.next()) * 120)
  const deleted = random.next() < 0.4 ? random.below(120) : 0
  const pageNumber = Math.floor(20_000 * random.next() ** 3)
  const texts = {
    // The first countries come most often.
    country: COUNTRIES[Math.floor(COUNTRIES.length * random.next() ** 2)] ?? 'US',
    city: random.next() < 0.03 ? null : random.pick(CITIES),
    channel: random.next() < 0.1 ? '#direct' : `#${random.pick(LANGUAGES)}.${random.pick(SOURCES)}`,
    page: pageNumber % 7 === 0 ? `/p/${pageNumber}?q="x",'y'\\${pageNumber}` : `/p/${pageNumber}`,
    user: `u${Math.floor(300_000 * random.next() ** 2)}`,
    device: random.pick(DEVICES),
    isRobot: random.next() < 0.08 ? 1 : 0,
    tags: Array.from({ length: random.below(4) }, () => random.pick(TAGS)),
    referrer: random.next() < 0.15 ? random.pick(REFERRERS) : null,
    added,
    deleted,
    delta: added - deleted,
  }
  const latency = random.next() < 0.02 ? 'null' : (-Math.log(1 - random.next()) * 35).toFixed(3)
  const numbers = `"reqId":${reqId},"weight":${random.pick(WEIGHTS)},"price":${price(random)},"latency":${latency}`
  return `{"ts":${hour + random.below(HOUR_MS)},${JSON.stringify(texts).slice(1, -1)},${numbers}}`
}

function price(random: Random): string {
  return random.next() < 0.01 ? 'null' : (random.next() * 100).toFixed(2)
}
