// Parts of far more groups than an answer should have: Ovate lets go of them early, and Druid computes the whole.
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type DruidAnswer, type DruidRequest } from '../../../src/druid/druid.ts'
import { FallBacks } from '../../../src/engine/parts/fall-backs.ts'
import { sandboxAvailable } from '../../sandbox/available.ts'
import { type SandboxStack, startSandboxStack } from '../../support/sandbox-stack.ts'
import { bodyText } from '../../support/scripted.ts'
import { askBoth, planOf, seen } from '../../support/side-by-side.ts'

const GROUPS = 1_000_000
const ROWS_PER_CHUNK = 1_000
const DAY_MS = 86_400_000
/** Rows may take 8 MiB (`maxEntry`), without what Ovate added to them; a million take 50. */
const BYTES_MAX = 2 * 8 * 1_048_576

/** Texts that fetch parts name the bucket's instant; the client's own don't. */
const isFetch = (request: DruidRequest): boolean =>
  /TIMESTAMP_TO_MILLIS/.test(bodyText(request)) && !bodyText(request).includes('EXPLAIN PLAN FOR')

describe.runIf(sandboxAvailable)('a million groups', () => {
  let pair: SandboxStack
  let fromMs: number
  let fetches: number
  /** Bytes of parts that were read, and the most that was counted as held at once. */
  let readBytes: number
  let peakBytes: number

  beforeEach(async () => {
    pair = await startSandboxStack({ cache: { maxEntry: '8MiB' } })
    fromMs = Math.floor(pair.clock.now() / DAY_MS) * DAY_MS - 9 * DAY_MS
    const table = await pair.sandbox.engine.createTable(
      'facts',
      new Map([
        ['__time', 'TIMESTAMP'],
        ['user', 'VARCHAR'],
      ] as const),
    )
    await table.append(
      Array.from({ length: 200 }, (_, at) => ({ __time: fromMs + at * 3_600_000, user: `u${at % 7}` })),
    )
    ;[fetches, readBytes, peakBytes] = [0, 0, 0]
    const { druid, cache } = pair.stack
    const send = druid.send.bind(druid)
    vi.spyOn(druid, 'send').mockImplementation(async (request, signal) => {
      const answer = await send(request, signal)
      if (!isFetch(request)) return answer
      fetches += 1
      return await grown(answer)
    })
    const hold = cache.hold.bind(cache)
    vi.spyOn(cache, 'hold').mockImplementation((bytes) => {
      const isHeld = hold(bytes)
      peakBytes = Math.max(peakBytes, cache.usage.heldBytes)
      return isHeld
    })
  })

  afterEach(() => pair.stop())

  /** The head of an answer of parts, and its last row a million times, each with a user of its own. */
  async function grown(answer: DruidAnswer): Promise<DruidAnswer> {
    const chunks: Buffer[] = []
    for await (const chunk of answer.body as AsyncIterable<Buffer>) chunks.push(chunk)
    const [names = [], types = [], sqlTypes = [], ...rows] = JSON.parse(
      Buffer.concat(chunks).toString(),
    ) as unknown[][]
    const userAt = names.findIndex((_, at) => /^u\d$/.test(String(rows[0]?.[at])))
    const row = rows.at(-1) ?? []
    function* body(): Generator<Buffer> {
      yield Buffer.from(
        [names, types, sqlTypes].map((head, at) => (at === 0 ? '[' : ',') + JSON.stringify(head)).join(''),
      )
      for (let from = 0; from < GROUPS; from += ROWS_PER_CHUNK) {
        const texts = Array.from({ length: ROWS_PER_CHUNK }, (_, at) =>
          JSON.stringify(row.with(userAt, `user ${from + at}`)),
        )
        const chunk = Buffer.from(`,${texts.join(',')}`)
        readBytes += chunk.length
        yield chunk
      }
      yield Buffer.from(']\n')
    }
    return { ...answer, body: Readable.from(body(), { objectMode: false }) }
  }

  test.each([
    ['of a series', 'TIME_FLOOR(__time, \'PT1H\') AS t, "user"', '1, 2'],
    ['that are merged', '"user"', '1'],
  ])('%s: whole, in bounded memory, and not tried again', async (_, columns, keys) => {
    const fallBacks = vi.spyOn(FallBacks.prototype, 'set')
    const query = (at: number): string =>
      `SELECT ${columns}, COUNT(*) AS n FROM facts WHERE __time >= MILLIS_TO_TIMESTAMP(${fromMs + (5 - at) * DAY_MS}) GROUP BY ${keys}`
    const plans: string[] = []
    for (let at = 0; at < 5; at += 1) {
      const { ours, theirs } = await askBoth(pair, query(at))
      expect(seen(ours)).toEqual(seen(theirs))
      plans.push(planOf(ours).plan)
    }
    expect(plans).toEqual(Array(5).fill('whole'))
    expect(fetches).toBe(1)
    expect(readBytes).toBeLessThan(BYTES_MAX)
    expect(peakBytes).toBeLessThan(BYTES_MAX)
    expect(pair.stack.cache.usage.heldBytes).toBe(0)
    expect(fallBacks.mock.calls.map(([, why]) => why)).toEqual([
      'more rows or bytes than are kept of a shape',
    ])
  })

  test('without room for them: whole, and tried again later', async () => {
    const query = (at: number): string =>
      `SELECT "user", COUNT(*) AS n FROM facts WHERE __time >= MILLIS_TO_TIMESTAMP(${fromMs + (5 - at) * DAY_MS}) GROUP BY 1`
    await askBoth(pair, query(0))
    const { cache } = pair.stack
    const full = cache.usage.sizeBytes / 2 - 1_048_576
    expect(cache.hold(full)).toBe(true)
    const { ours, theirs } = await askBoth(pair, query(1))
    expect([seen(ours), planOf(ours).plan, fetches]).toEqual([seen(theirs), 'whole', 1])
    expect(cache.usage.heldBytes).toBe(full)
    cache.hold(-full)
    await pair.clock.advance(31_000)
    await askBoth(pair, query(2))
    expect(fetches).toBe(2)
  })
})
