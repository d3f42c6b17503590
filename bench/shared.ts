// The shared cache on one Redis of the bench's own: an entry's way there and back, beside the bare client's calls with the same bytes.
import { type Redis } from 'ioredis'
import { encode } from '../src/cache/shared/codec.ts'
import { storeKey } from '../src/cache/shared/keys.ts'
import { connectRedis } from '../src/cache/shared/redis-link.ts'
import { LinkedSharedCache } from '../src/cache/shared/shared-cache.ts'
import { type Stored } from '../src/cache/shared/stored.ts'
import { systemClock } from '../src/clock.ts'
import { startRedis } from '../test/redis/server.ts'
import { waitUntil, within } from '../test/cluster/wait.ts'
import { canPin, has, pinLoad } from './program.ts'
import { type Outcome, quantile, type Result } from './result.ts'

const SIZES = [
  { title: '4 KB', bytes: 4_000 },
  { title: '100 KB', bytes: 100_000 },
]
const MANY = 32
const OPTIONS = {
  namespace: 'bench',
  readTimeoutMs: 10_000,
  writeTimeoutMs: 10_000,
  queueMaxBytes: 100_000_000,
  compressAboveBytes: 4_096,
  entryMaxBytes: 8_000_000,
  lifeMaxMs: 600_000,
}
const NAMESPACE = OPTIONS.namespace
const SOON_MS = 120_000

/** Times of single calls, one after the other, in ms; what an entry takes in the store. */
export async function sharedBench({ quick }: { readonly quick: boolean }): Promise<Outcome> {
  if (!has('redis-server'))
    return { results: [], wrong: 0, notes: ['REDIS IS NOT INSTALLED: nothing was measured'] }
  const ends: (() => unknown)[] = []
  try {
    // Before the pinning, which what is started later would share.
    const server = await startRedis(ends)
    pinLoad()
    const { cache, wrongs } = await open(server.node, ends)
    const results: Result[] = []
    for (const { title, bytes } of SIZES)
      results.push(...(await measure({ cache, client: server.client, title, bytes, quick })))
    const notes = SIZES.map(({ title }) => ratioNote(title, results))
    if (!canPin()) notes.push('NOTHING IS PINNED to a core here (no taskset, or one core): no measure')
    return { results, wrong: wrongs(), notes }
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

async function open(
  node: string,
  ends: (() => unknown)[],
): Promise<{ readonly cache: LinkedSharedCache; readonly wrongs: () => number }> {
  let wrong = 0
  const cache = new LinkedSharedCache(connectRedis({ mode: 'single', nodes: [node] }), systemClock, OPTIONS, {
    looked: (outcome) => (wrong += outcome === 'hit' ? 0 : 1),
    wrote: (outcome) => (wrong += outcome === 'stored' ? 0 : 1),
    bad: () => undefined,
    refused: () => undefined,
    moved: () => undefined,
    breaker: () => undefined,
  })
  ends.push(() => cache.close())
  await waitUntil('the connection', () => cache.state === 'ready', within(SOON_MS))
  return { cache, wrongs: () => wrong }
}

interface Case {
  readonly cache: LinkedSharedCache
  readonly client: Redis
  readonly title: string
  readonly bytes: number
  readonly quick: boolean
}

async function measure({ cache, client, title, bytes, quick }: Case): Promise<readonly Result[]> {
  const rounds = quick ? 300 : 3_000
  const soon = within(SOON_MS)
  const entry = entryOf(bytes)
  const keys = Array.from({ length: MANY }, (_, at) => `${title} ${at}`)
  const names = keys.map((key) => storeKey(NAMESPACE, key))
  const plain = names.map((name) => `plain:${name}`)
  const [key = ''] = keys
  const [bare = ''] = plain
  for (const one of keys) cache.put(one, entry)
  await cache.flushed(soon)
  for (const one of plain) await client.set(one, entry.body)
  const storedBytes = (await encode(names[0] ?? '', entry, OPTIONS.compressAboveBytes)).length
  const writing = async (): Promise<void> => {
    cache.put(key, entry)
    await cache.flushed(soon)
  }
  const pair = async (
    what: string,
    bareCall: string,
    sides: Sides,
    times: number,
  ): Promise<readonly Result[]> => {
    const [ours, theirs] = await timed(times, sides)
    return [
      {
        case: `${what}, ${title}`,
        target: 'shared cache',
        metrics: { ...summary(ours), bytes: storedBytes },
      },
      { case: `${what}, ${title}`, target: `bare ${bareCall}`, metrics: { ...summary(theirs), bytes } },
    ]
  }
  const one: Sides = [() => cache.get([key], soon), () => client.getBuffer(bare)]
  const many: Sides = [() => cache.get(keys, soon), () => client.mgetBuffer(plain)]
  const put: Sides = [writing, () => client.set(bare, entry.body, 'PX', 600_000)]
  return [
    ...(await pair('get', 'GET', one, rounds)),
    ...(await pair(`get of ${MANY}`, 'MGET', many, rounds / 3)),
    ...(await pair('put and flush', 'SET', put, rounds)),
  ]
}

/** What is compared: the cache's call, and the bare client's. */
type Sides = readonly [() => Promise<unknown>, () => Promise<unknown>]

/** Both sides in turn, so that what else runs here harms both. */
async function timed(rounds: number, sides: Sides): Promise<readonly [number[], number[]]> {
  const times: [number[], number[]] = [[], []]
  for (let round = -rounds / 3; round < rounds; round += 1)
    for (const [side, run] of sides.entries()) {
      const began = performance.now()
      await run()
      if (round >= 0) times[side]?.push(performance.now() - began)
    }
  return times
}

function summary(times: readonly number[]): Record<string, number> {
  return { p50Ms: quantile(times), p99Ms: quantile(times, 0.99) }
}

/** Rows as Druid writes them: an hour, a word of twenty, two numbers. */
function entryOf(bytes: number): Stored {
  const rows: string[] = []
  for (let length = 0, at = 0; length < bytes; at += 1) {
    const hour = new Date(Date.UTC(2026, 9, 1) + at * 3_600_000).toISOString()
    const row = `["${hour}","country ${at % 20}",${(at * 7_919) % 100_003},${(at * 1_000_003) % 9_999_991}]`
    rows.push(row)
    length += row.length + 1
  }
  const meta = { beganAtMs: 1_000, generation: 'bench', epoch: 0, proof: Buffer.alloc(300, 'p') }
  return { meta, body: Buffer.from(`[${rows.join(',')}]`) }
}

function ratioNote(title: string, results: readonly Result[]): string {
  const of = (what: string): string => {
    const [ours, bare] = results.filter((result) => result.case === `${what}, ${title}`)
    return ((ours?.metrics['p50Ms'] ?? Number.NaN) / (bare?.metrics['p50Ms'] ?? Number.NaN)).toFixed(1)
  }
  return `${title}: ${of('get')} times the bare client's time for a get, ${of(`get of ${MANY}`)} for ${MANY} at once, ${of('put and flush')} for a put`
}
