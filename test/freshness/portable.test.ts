// A proof goes from one replica to another: whatever their clocks show, it is never judged as younger than it is.
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FreshnessRules } from '../../src/freshness/bounds.ts'
import {
  brokersNow,
  type BrokersNow,
  exportedProof,
  importedProof,
  portableProof,
  type Reader,
} from '../../src/freshness/portable.ts'
import { judge, lookAgain, type Proof } from '../../src/freshness/proof.ts'
import { ALL_TIME } from '../../src/time/all-time.ts'
import { Timelines } from '../../src/freshness/timelines.ts'
import { type BrokerStatus } from '../../src/druid/druid.ts'
import { candidatesText } from '../support/candidates.ts'
import { FakeDruid } from '../support/fake-druid.ts'
import { RULES } from '../support/freshness-rules.ts'
import { ManualClock } from '../support/manual-clock.ts'

const HOUR_MS = 3_600_000
const OLD = '2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z'
const SERVICE = 'druid/broker'
const OWN_RULES: FreshnessRules = { ...RULES, lookupMs: 30_000 }

let partition: number
let timelines: Timelines
let clock: ManualClock

beforeEach(() => {
  partition = 0
  clock = new ManualClock()
  const druid = new FakeDruid(({ path }) => ({
    body: path.includes('/candidates')
      ? candidatesText([{ interval: OLD, partition }])
      : '["__time","TIMESTAMP","NO"]\n\n',
  }))
  timelines = new Timelines({
    druid,
    clock,
    authorization: undefined,
    rules: () => OWN_RULES,
    segmentsMax: 100,
    lookTimeoutMs: 1_000,
    onLook: () => undefined,
  })
})
afterEach(() => timelines.close())

const brokers = (given: Partial<BrokersNow> = {}): BrokersNow => ({
  generation: 1,
  runs: ['a', 'b'],
  clock: { offsetMs: 0, errorMs: 0 },
  ...given,
})

function proofAt(sentAtMs: number, given: Partial<Proof> = {}): Proof {
  const timeline = timelines.of(SERVICE, 'events')
  return {
    service: SERVICE,
    generation: 1,
    sentAtMs,
    tickMs: Number.POSITIVE_INFINITY,
    lifeMs: Number.POSITIVE_INFINITY,
    agesFromSending: false,
    readsLookup: false,
    tables: [{ timeline, intervals: ALL_TIME, rules: OWN_RULES, fingerprint: undefined }],
    ...given,
  }
}

const reader = (given: Partial<Reader> = {}): Reader => ({
  brokers: brokers({ generation: 7 }),
  timelines,
  rulesOf: () => OWN_RULES,
  now: { kind: 'none' },
  policyMs: Number.POSITIVE_INFINITY,
  ...given,
})

/** As it comes out of a store. */
function sent(proof: Proof, writer = brokers()): ReturnType<typeof portableProof.parse> {
  const found = exportedProof(proof, writer)
  if (found === undefined) throw new Error('no other could check it')
  return portableProof.parse(JSON.parse(JSON.stringify(found)))
}

test('never younger than it is, and older by both errors at most', () => {
  const offsets = fc.integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS })
  const errors = fc.integer({ min: 0, max: 500 })
  const shares = fc.double({ min: -1, max: 1, noNaN: true })
  const known = fc.record({ offsetMs: offsets, errorMs: errors, share: shares })
  fc.assert(
    fc.property(known, known, fc.integer({ min: 0, max: HOUR_MS }), (writer, other, ageMs) => {
      // By the Brokers' clock it was sent at 0 and is read at `ageMs`; each replica knows that clock up to its error.
      const trueOffset = (one: typeof writer): number => one.offsetMs + one.errorMs * one.share
      const portable = sent(proofAt(0 - trueOffset(writer)), brokers({ clock: writer }))
      const read = importedProof(portable, reader({ brokers: brokers({ clock: other }) }))
      const age = ageMs - trueOffset(other) - (read?.sentAtMs ?? Number.NaN)
      expect(age).toBeGreaterThanOrEqual(ageMs - 0.001)
      expect(age).toBeLessThanOrEqual(ageMs + 2 * writer.errorMs + 2 * other.errorMs + 1.001)
    }),
  )
})

test.each<[string, Partial<BrokersNow>, Partial<BrokersNow>, boolean]>([
  ['the same Brokers', {}, {}, true],
  ['some of them', {}, { runs: ['b'] }, true],
  ['one that runs anew', {}, { runs: ['a', 'b since'] }, false],
  ['one more', {}, { runs: ['a', 'b', 'c'] }, false],
  ['none', {}, { runs: [] }, false],
  ['Brokers whose runs the reader does not know', {}, { runs: undefined }, false],
  ['Brokers whose clock the reader does not know', {}, { clock: undefined }, false],
  ['Brokers whose runs the maker did not know', { runs: undefined }, {}, false],
  ['Brokers whose clock the maker did not know', { clock: undefined }, {}, false],
  ['another run since it was made', { generation: 2 }, {}, false],
])('is read beside %s', (_, writer, other, isRead) => {
  const portable = exportedProof(proofAt(0), brokers(writer))
  const read = portable && importedProof(portable, reader({ brokers: brokers({ generation: 7, ...other }) }))
  // It counts as made in the reader's own present run.
  expect(read?.generation).toBe(isRead ? 7 : undefined)
})

test('over sealed segments it holds as long as the reader sees the same', async () => {
  const timeline = timelines.of(SERVICE, 'events')
  await timeline.look(ALL_TIME)
  const fingerprint = timeline.polled?.state(ALL_TIME)?.hash
  const tables = [{ timeline, intervals: ALL_TIME, rules: OWN_RULES, fingerprint }]
  const read = importedProof(sent(proofAt(clock.now() - HOUR_MS, { tables })), reader())
  const verdict = (): string => (read === undefined ? 'none' : judge(read, 7, clock.now(), clock.now()).kind)
  expect(fingerprint).toBeDefined()
  expect(verdict()).toBe('valid')
  partition = 1
  await timeline.look(ALL_TIME)
  expect(verdict()).toBe('invalid')
  if (read !== undefined) await lookAgain(read).catch(() => undefined)
  expect(verdict()).toBe('invalid')
})

test.each<[string, Partial<Proof>, Partial<Reader>, number, 'valid' | 'invalid']>([
  ['what arrives, within its bound', {}, {}, 4_900, 'valid'],
  ['what arrives, beyond', {}, {}, 5_100, 'invalid'],
  [
    "what arrives, by the reader's own bound",
    {},
    { rulesOf: () => ({ ...OWN_RULES, headMs: 1_000 }) },
    1_100,
    'invalid',
  ],
  [
    'what arrives, for a strict reader',
    {},
    { rulesOf: () => ({ ...OWN_RULES, mode: 'strict' }) },
    1,
    'invalid',
  ],
  ['a policy that the reader knows of', {}, { policyMs: 2_000 }, 2_100, 'invalid'],
  [
    'a lookup',
    { readsLookup: true, agesFromSending: true },
    { rulesOf: () => ({ ...OWN_RULES, lookupMs: 900 }) },
    1_000,
    'invalid',
  ],
  [
    'a moment a minute ago, within the tick',
    {},
    { now: { kind: 'used', distancesMs: [60_000] } },
    600,
    'valid',
  ],
  ['a moment a minute ago, beyond', {}, { now: { kind: 'used', distancesMs: [60_000] } }, 601, 'invalid'],
  [
    'a now that is older than the sending',
    { nowAtMs: -500 },
    { now: { kind: 'used', distancesMs: [60_000] } },
    101,
    'invalid',
  ],
])('%s', (_, given, of, ageMs, kind) => {
  const read = importedProof(sent(proofAt(0, given)), reader(of))
  expect(read && judge(read, 7, ageMs, ageMs).kind).toBe(kind)
})

test.each<[string, unknown]>([
  ['no object', 'x'],
  ['another field', { ...sentinel(), more: 1 }],
  ['no runs', { ...sentinel(), runs: [] }],
  [
    'an interval that is empty',
    { ...sentinel(), tables: [{ name: 'a', intervals: [[2, 2]], fingerprint: null }] },
  ],
  ['a moment that is none', { ...sentinel(), sentAt: 'now' }],
])('what is stored and is no proof: %s', (_, value) => {
  expect(portableProof.safeParse(value).success).toBe(false)
})

function sentinel(): object {
  const at = { sentAt: 0, nowAt: 0, agesFromSending: false, readsLookup: false }
  return { service: SERVICE, runs: ['a'], ...at, tables: [] }
}

test("a group's clock is one that holds those of all its ready Brokers", () => {
  const one = (id: string, more: Partial<BrokerStatus>): BrokerStatus => ({
    id,
    url: '',
    service: SERVICE,
    startTime: '1',
    version: '33',
    state: 'ready',
    probeFailure: undefined,
    refuses: false,
    silentMs: 0,
    outstanding: 0,
    latencyMs: 0,
    clock: { offsetMs: 0, errorMs: 5 },
    ...more,
  })
  const of = (...all: BrokerStatus[]): BrokersNow =>
    brokersNow({ brokers: () => all, generation: () => 3 }, SERVICE)
  expect(of(one('a', {}), one('b', { clock: { offsetMs: 100, errorMs: 10 } }))).toEqual({
    generation: 3,
    runs: ['a 1 33', 'b 1 33'],
    clock: { offsetMs: 52, errorMs: 58 },
  })
  expect(of(one('a', {}), one('b', { state: 'ejected', startTime: undefined })).runs).toEqual(['a 1 33'])
  expect(of(one('a', {}), one('b', { startTime: undefined })).runs).toBeUndefined()
  expect(of(one('a', {}), one('b', { clock: undefined })).clock).toBeUndefined()
  expect(of()).toEqual({ generation: 3, runs: undefined, clock: undefined })
})
