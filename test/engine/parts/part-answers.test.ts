// Answers from parts whose collaborators are stood in for: who is given what another asked for.
import { expect, test } from 'vitest'
import { PartAnswers, type PartAnswersOptions } from '../../../src/engine/parts/part-answers.ts'
import { type PartLanding } from '../../../src/engine/parts/part-landing.ts'
import { Flights } from '../../../src/flight/flights.ts'
import { deferred } from '../../support/deferred.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const BOUND_MS = 5_000
const BYTES = Buffer.from('[["n"],["LONG"],["BIGINT"],[1]]\n')

/**
 * An answer with a part that is `heldMs` old when it is laid out, and one that is fetched, which takes until `fetched`
 * resolves.
 */
function answers(
  clock: ManualClock,
  heldMs: number,
  fetched: Promise<unknown>,
): { own: PartAnswers; laid: () => number } {
  let laid = 0
  const rows = { buckets: new Float64Array(0), lasts: undefined }
  const method = { rows: { count: () => 0 }, assembled: () => BYTES }
  const layout = {
    laidOut: async () => {
      laid += 1
      // What was fetched first is held by then, and as old as its fetch.
      const ageMs = laid === 1 ? heldMs : 0
      return {
        method,
        asked: [{ startMs: 0, endMs: 10 }],
        missing: [],
        kept: [],
        lacksLoose: true,
        laid: { full: [], edges: [], ahead: [], window: [] },
        grid: { count: () => 1 },
        usable: [
          {
            run: {
              rows,
              interval: { startMs: 0, endMs: 1 },
              proof: { under: undefined, sentAtMs: clock.now() - ageMs, lifeMs: 1e9 },
            },
            ageMs,
          },
        ],
        view: { partsUnder: () => [], state: () => undefined },
        rules: {},
        request: { query: { sql: '', parameters: '' }, arrivedAtMs: clock.now() },
        plan: { tables: ['t'], key: 'k' },
        parts: { kind: 'merge', shape: 's', grouped: { texts: { tail: { from: 0, to: 0 } } } },
        verdict: {},
        service: 'druid/broker',
        heads: [],
        stepped: [],
        coming: [],
        edges: [],
        derived: false,
        key: 'k',
      }
    },
  }
  const options = {
    clock,
    cache: { get: () => undefined },
    flights: new Flights<PartLanding>(clock),
    keeper: { beside: () => undefined, clockErrorMs: () => 0, joinMs: () => Number.POSITIVE_INFINITY },
    rights: { allows: async () => true },
    beginning: {
      making: async (request: unknown, plan: unknown) => ({
        request,
        plan,
        parts: { kind: 'merge' },
        beganAtMs: clock.now(),
        nowAtMs: clock.now(),
      }),
    },
    layout,
    gathering: {
      gather: async () => {
        await fetched
        return {
          taken: [],
          edges: [],
          owns: [{ fetched: { answer: { headers: [] } }, full: [] }],
          head: {},
          stepsHeads: [],
          fromMs: clock.now(),
        }
      },
    },
    partKeeper: { keep: async () => undefined },
    steppedEdges: { asked: () => undefined },
    onHeld: () => undefined,
    fallBacks: {},
    merge: method,
    rules: () => ({ mode: 'bounded', headMs: BOUND_MS, capMs: BOUND_MS, growth: 0 }),
    onError: (error: unknown) => {
      throw error
    },
  }
  return { own: new PartAnswers(options as unknown as PartAnswersOptions), laid: () => laid }
}

test.each([
  ['all of it young', 0, 1],
  ['a part of it old when the other began', BOUND_MS - 1_000, 2],
])('who joins another is given nothing older than its bound: %s', async (_, heldMs, times) => {
  const clock = new ManualClock()
  const fetched = deferred<undefined>()
  const { own, laid } = answers(clock, heldMs, fetched.promise)
  const plan = { key: 'k', tables: ['t'], parts: {}, now: { kind: 'none' }, shared: false }
  const ask = (): ReturnType<PartAnswers['answer']> =>
    own.answer(
      {
        query: { sql: '', parameters: '' },
        cacheWish: {},
        arrivedAtMs: clock.now(),
        timeoutMs: 60_000,
        headers: [],
      } as unknown as Parameters<PartAnswers['answer']>[0],
      plan as unknown as Parameters<PartAnswers['answer']>[1],
      new AbortController().signal,
    )
  const first = ask()
  await new Promise((resolve) => setImmediate(resolve))
  await clock.advance(2_000)
  const second = ask()
  await new Promise((resolve) => setImmediate(resolve))
  fetched.resolve(undefined)
  const both = await Promise.all([first, second])
  expect(both).toMatchObject([{ entry: { kept: BYTES } }, { entry: { kept: BYTES } }])
  expect(laid()).toBe(times)
})
