// What one Broker was seen to have for one datasource, and since when: two parts of its timeline, each with a history.
//
//   past  (−∞, split)   seldom looked at          head  [split, ∞)   often
//   ├── state A ──┬── state B ──▶ now             a state lasts from the first look that saw it to the last
import { type Clock } from '../clock.ts'
import { type Interval } from '../plan/facts.ts'
import { FIRST_MS, LAST_MS } from '../time/all-time.ts'
import { type Look } from './look.ts'
import { differences, joined, type Segment, stateUnder, type TimelineState, type Under } from './segments.ts'

export type Part = 'past' | 'head'
export const PARTS: readonly Part[] = ['past', 'head']

/** Looks in a row that saw the same, none far from the next. */
interface Seen {
  readonly segments: readonly Segment[]
  readonly schema: string
  readonly firstStartedAtMs: number
  readonly firstEndedAtMs: number
  readonly lastStartedAtMs: number
  readonly lastEndedAtMs: number
}

/**
 * What goes and comes back in less isn't noticed between two looks. The segments of a Historical that starts anew, or a
 * drop that is taken back, stay away for longer.
 */
const UNSEEN_MAX_MS = 3_000
/** States older than this many are forgotten; who needs an older one learns that it can't be told. */
const HISTORY_MAX = 64
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Realtime tasks work on recent hours: what is older moves seldom. */
const HEAD_MIN_MS = 24 * HOUR_MS

/** Where head and past meet: a midnight (UTC), at least a day back, so that it moves once a day. */
export function splitAt(nowMs: number): number {
  return Math.floor((nowMs - HEAD_MIN_MS) / DAY_MS) * DAY_MS
}

type LookAt = (interval: Interval) => Promise<Look>

export class BrokerView {
  readonly #lookAt: LookAt
  readonly #clock: Clock
  readonly #history: Record<Part, Seen[]> = { past: [], head: [] }
  readonly #running: Record<Part, Promise<void> | undefined> = { past: undefined, head: undefined }
  readonly #next: Record<Part, Promise<void> | undefined> = { past: undefined, head: undefined }
  /** By the list itself: a proof keeps the one that it was made for. */
  #states = new WeakMap<readonly Interval[], TimelineState>()
  readonly #unders = new Map<string, Under>()
  #split: number
  #version = 0

  constructor(lookAt: LookAt, clock: Clock) {
    this.#lookAt = lookAt
    this.#clock = clock
    this.#split = splitAt(clock.now())
  }

  /** Counts up with each change that was seen. */
  get version(): number {
    return this.#version
  }

  partsUnder(intervals: readonly Interval[]): readonly Part[] {
    const touches = (from: number, to: number): boolean =>
      intervals.some(({ startMs, endMs }) => startMs < to && endMs > from)
    return PARTS.filter((part) =>
      part === 'past' ? touches(FIRST_MS, this.#split) : touches(this.#split, LAST_MS),
    )
  }

  intervalOf(part: Part): Interval {
    return part === 'past'
      ? { startMs: FIRST_MS, endMs: this.#split }
      : { startMs: this.#split, endMs: LAST_MS }
  }

  /** A look at one part that begins after this call; callers that come while one runs share the next. */
  async look(part: Part): Promise<void> {
    this.#moveSplit()
    const running = this.#running[part]
    if (running === undefined) return await this.#start(part)
    const start = (): Promise<void> => {
      this.#next[part] = undefined
      return this.#start(part)
    }
    this.#next[part] ??= running.then(start, start)
    await this.#next[part]
  }

  /** When the last successful look at a part began, by our clock in ms; undefined before the first. */
  lookedAtMs(part: Part): number | undefined {
    return this.#history[part].at(-1)?.lastStartedAtMs
  }

  /** When the answer to that look was there. */
  seenAtMs(part: Part): number | undefined {
    return this.#history[part].at(-1)?.lastEndedAtMs
  }

  /** The present state under `intervals`, columns included; undefined until each part of it has been looked at. */
  state(intervals: readonly Interval[]): TimelineState | undefined {
    const known = this.#states.get(intervals)
    if (known !== undefined) return known
    const parts = this.partsUnder(intervals)
    const seen = parts.map((part) => this.#history[part].at(-1))
    if (seen.length === 0 || seen.some((one) => one === undefined)) return undefined
    const state = withSchema(seen as Seen[], intervals)
    this.#states.set(intervals, state)
    return state
  }

  /**
   * What lies under an interval at present, and perhaps beside it: one object as long as nothing changed. Undefined until
   * each part that the interval touches has been looked at.
   */
  under(interval: Interval): Under | undefined {
    const parts = this.partsUnder([interval])
    const key = parts.join()
    const known = this.#unders.get(key)
    if (known !== undefined) return known
    const seen = parts.map((part) => this.#history[part].at(-1)).filter((one) => one !== undefined)
    const schema = seen.at(-1)?.schema
    if (schema === undefined || seen.length < parts.length) return undefined
    const [only] = seen
    const segments =
      seen.length === 1 && only !== undefined ? only.segments : joined(seen.flatMap((one) => one.segments))
    const under = { segments, schema }
    this.#unders.set(key, under)
    return under
  }

  /**
   * Whether the state under `intervals` was the present one from `sinceMs` on: at the last look before that moment, and
   * at each one after it. `unknown` when there was no such look; or when two of these lie so far apart that a segment
   * could go and come back between them: an answer that was computed without it would then be taken for one that read it.
   */
  unchangedSince(intervals: readonly Interval[], sinceMs: number): 'yes' | 'no' | 'unknown' {
    const verdicts = this.partsUnder(intervals).map((part) => this.#partUnchanged(part, intervals, sinceMs))
    if (verdicts.includes('no')) return 'no'
    return verdicts.length === 0 || verdicts.includes('unknown') ? 'unknown' : 'yes'
  }

  /**
   * Where something under `interval` was seen to change since `sinceMs`: intervals that may overlap. What could have come
   * and gone unseen isn't among them: `unchangedSince` tells.
   */
  changesSince(interval: Interval, sinceMs: number): readonly Interval[] {
    return this.partsUnder([interval]).flatMap((part) => {
      const history = this.#history[part]
      const before = history.findLastIndex(({ firstEndedAtMs }) => firstEndedAtMs <= sinceMs)
      const seen = history.slice(Math.max(0, before))
      return seen.flatMap((one, at) => {
        const last = seen[at - 1]
        return last === undefined ? [] : differences(last, one, interval)
      })
    })
  }

  #partUnchanged(part: Part, intervals: readonly Interval[], sinceMs: number): 'yes' | 'no' | 'unknown' {
    const history = this.#history[part]
    const before = history.findLastIndex(({ firstEndedAtMs }) => firstEndedAtMs <= sinceMs)
    const seen = history.slice(Math.max(0, before))
    if (!alike(seen, intervals)) return 'no'
    return before >= 0 && areClose(seen) ? 'yes' : 'unknown'
  }

  async #start(part: Part): Promise<void> {
    const run = this.#lookOnce(part).finally(() => {
      // Where another waits it takes over, some turns of the event loop later: who comes in between joins it.
      if (this.#next[part] === undefined) this.#running[part] = undefined
    })
    this.#running[part] = run
    await run
  }

  async #lookOnce(part: Part): Promise<void> {
    const split = this.#split
    const look = await this.#lookAt(this.intervalOf(part))
    // The split moved while the answer was on its way: what came is of no interval that is still looked at.
    if (split !== this.#split) return
    this.#add(part, look)
  }

  #add(part: Part, look: Look): void {
    const history = this.#history[part]
    const last = history.at(-1)
    const times = { lastStartedAtMs: look.startedAtMs, lastEndedAtMs: look.endedAtMs }
    const equal = last !== undefined && last.schema === look.schema && same(last.segments, look.segments)
    if (equal && look.startedAtMs - last.lastEndedAtMs <= UNSEEN_MAX_MS) {
      history[history.length - 1] = { ...last, ...times }
      return
    }
    const { segments, schema } = equal ? last : look
    const { startedAtMs: firstStartedAtMs, endedAtMs: firstEndedAtMs } = look
    history.push({ segments, schema, firstStartedAtMs, firstEndedAtMs, ...times })
    if (history.length > HISTORY_MAX) history.shift()
    if (equal) return
    this.#forget()
  }

  #moveSplit(): void {
    const split = splitAt(this.#clock.now())
    if (split === this.#split) return
    this.#split = split
    this.#history.past = []
    this.#history.head = []
    this.#forget()
  }

  #forget(): void {
    this.#version += 1
    this.#states = new WeakMap()
    this.#unders.clear()
  }
}

function withSchema(seen: readonly Seen[], intervals: readonly Interval[]): TimelineState {
  const segments = seen.length === 1 ? (seen[0]?.segments ?? []) : joined(seen.flatMap((one) => one.segments))
  const { hash, sealed } = stateUnder(segments, intervals)
  return { hash: `${hash} ${seen.map((one) => one.schema).at(-1)}`, sealed }
}

/** Whether all show one state under the intervals; what one look took over from another is not compared again. */
function alike(seen: readonly Seen[], intervals: readonly Interval[]): boolean {
  const different = seen.filter(({ segments, schema }, at) => {
    const last = seen[at - 1]
    return last === undefined || last.segments !== segments || last.schema !== schema
  })
  return new Set(different.map((one) => withSchema([one], intervals).hash)).size <= 1
}

function areClose(seen: readonly Seen[]): boolean {
  return seen.every(({ firstStartedAtMs }, at) => {
    const last = seen[at - 1]
    return last === undefined || firstStartedAtMs - last.lastEndedAtMs <= UNSEEN_MAX_MS
  })
}

function same(a: readonly Segment[], b: readonly Segment[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index]
      return (
        other !== undefined &&
        one.version === other.version &&
        one.partition === other.partition &&
        one.sealed === other.sealed &&
        one.startMs === other.startMs &&
        one.endMs === other.endMs
      )
    })
  )
}
