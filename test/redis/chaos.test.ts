// Random puts, gets and faults on one real Redis: whatever is given was put under that key, everything ends, and it recovers.
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { storeKey } from '../../src/cache/shared/keys.ts'
import { stored } from '../cache/shared/support.ts'
import { waitUntil, within } from '../cluster/wait.ts'
import { openedAndReady, WAIT_MS } from './opened.ts'
import { hasRedis, type RedisServer, startRedis } from './server.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const KEYS = ['a', 'b', 'c', 'd']
const key = fc.constantFrom(...KEYS)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('put' as const), key, at: fc.nat({ max: 50 }) }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('get' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('freeze', 'thaw', 'empty', 'kill', 'flush') }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constantFrom('turn', 'cut', 'swap'), key, at: fc.nat({ max: 400 }) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

/** Changes what lies in the store behind the cache's back. */
async function meddle(server: RedisServer, how: string, of: string, at: number): Promise<void> {
  const name = storeKey('ovate', of)
  const held = await server.client.getBuffer(name)
  if (held === null || held.length === 0) return
  const changed = Buffer.from(held)
  changed[at % held.length] = (changed[at % held.length] ?? 0) ^ (1 << (at % 8))
  if (how === 'turn') await server.client.set(name, changed)
  if (how === 'cut') await server.client.set(name, held.subarray(0, at % held.length))
  if (how === 'swap') await server.client.set(storeKey('ovate', KEYS[at % KEYS.length] ?? ''), held)
}

test.runIf(hasRedis)('what is given was put under that key, whatever happens to the server', async () => {
  const server = await startRedis(ends)
  let frozen = false
  const wake = (): void => {
    server.thaw()
    frozen = false
  }
  const run = async (steps: readonly Step[]): Promise<void> => {
    const one = await openedAndReady(ends, { nodes: [server.node], silentMs: 400 }, { readTimeoutMs: 30 })
    const put = new Set<string>()
    const wrong: unknown[] = []
    for (const next of steps) {
      if (next.op === 'put') {
        const text = `${next.key} at ${next.at} ${'of many '.repeat(next.at * 20)}`
        put.add(text)
        one.cache.put(next.key, stored(text, next.at))
      } else if (next.op === 'get') {
        const found = await one.cache.get(KEYS, within(WAIT_MS))
        const texts = found.map((entry) => entry && String(entry.body))
        const known = (text: string, at: number): boolean => put.has(text) && text.startsWith(`${KEYS[at]} `)
        wrong.push(...texts.filter((text, at) => text !== undefined && !known(text, at)))
      } else if (next.op === 'flush') await one.cache.flushed(within(WAIT_MS))
      else if (next.op === 'thaw') wake()
      else if (next.op === 'kill') {
        wake()
        await server.kill()
        await server.restart()
      } else if (next.op === 'freeze') {
        server.freeze()
        frozen = true
      } else if (!frozen && next.op === 'empty') await server.client.flushall()
      else if (!frozen && 'key' in next) await meddle(server, next.op, next.key, next.at)
    }
    wake()
    expect(wrong).toEqual([])
    await waitUntil(
      'an entry',
      async () => {
        one.cache.put('end', stored('of all'))
        await one.cache.flushed(within(WAIT_MS))
        const [entry] = await one.cache.get(['end'], within(WAIT_MS))
        return entry !== undefined && String(entry.body) === 'of all'
      },
      within(WAIT_MS),
    )
    await one.cache.close()
    expect(one.cache.usage).toEqual({ queuedEntries: 0, queuedBytes: 0, reading: 0 })
    await server.client.flushall()
  }
  const seed = process.env['OVATE_SEED']
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), run), {
    numRuns: 8,
    endOnFailure: true,
    ...(seed !== undefined && { seed: Number(seed) }),
  })
})
