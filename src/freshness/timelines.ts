// The timelines of the datasources in use: one Broker per service group is polled, and any Broker that answered is
// looked at once more when its answer has gone on.
import { setMaxListeners } from 'node:events'
import { withFirstOf } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { type Druid } from '../druid/druid.ts'
import { type Interval } from '../plan/facts.ts'
import { boundFor, type FreshnessRules } from './bounds.ts'
import { lookAt } from './look.ts'
import { BrokerView, type Part, PARTS, splitAt } from './view.ts'
import { type TimelineState } from './segments.ts'

export interface TimelinesOptions {
  readonly druid: Druid
  readonly clock: Clock
  readonly authorization: string | undefined
  /** The rules of a datasource: its bounds say how often head and past must be looked at. */
  readonly rules: (datasource: string) => FreshnessRules
  readonly segmentsMax: number
  readonly lookTimeoutMs: number
  readonly onLook: (outcome: 'ok' | 'failed') => void
}

/** A datasource that nobody asked about for so long is no longer polled. */
const IDLE_MS = 120_000
/** Looks are begun twice within the bound that they serve, so that one late or lost look costs no hit. */
const LOOKS_PER_BOUND = 2.5
const POLL_MIN_MS = 100
/** Takes the place of a bound, ms, where there is none to keep. */
const UNBOUND_MS = 60_000
/**
 * An answer that is quicker than the first is looked at once, when it is there. One that takes longer is looked after
 * while it is computed, so that what goes and comes back in that time is noticed.
 */
const WATCH_FROM_MS = 100
const WATCH_PERIOD_MS = 1_000
/**
 * Before anything is computed its timeline was looked at so lately that nothing can have gone by then and be back unseen
 * by the look behind it, which waits for EXPLAIN.
 */
const SEEN_LATELY_MS = 1_000
/** A timeline that takes longer to look at holds up no question: its answer is then valid for the bound only. */
const FIRST_LOOK_MAX_MS = 1_000
/** Datasources that are followed at once; beyond, the one that was asked for longest ago is forgotten. */
const FOLLOWED_MAX = 5_000

export class Timelines {
  readonly #options: TimelinesOptions
  readonly #followed = new Map<string, Timeline>()
  readonly #stop = new AbortController()

  constructor(options: TimelinesOptions) {
    this.#options = options
    // Each that is followed has some, and each look.
    setMaxListeners(0, this.#stop.signal)
  }

  /** The timeline of a datasource as a service group sees it; being asked for keeps it polled. */
  of(service: string, datasource: string): Timeline {
    const key = `${service}\n${datasource}`
    const known = this.#followed.get(key)
    if (known !== undefined) {
      known.use()
      return known
    }
    this.#forgetIdle()
    const timeline = new Timeline(this.#options, { service, datasource }, this.#stop.signal)
    this.#followed.set(key, timeline)
    return timeline
  }

  list(): readonly Timeline[] {
    return [...this.#followed.values()]
  }

  /** Ends all polling; resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('closed'))
    await Promise.all(this.list().map((timeline) => timeline.ended))
  }

  #forgetIdle(): void {
    for (const [key, timeline] of this.#followed) if (timeline.idle) this.#followed.delete(key)
    if (this.#followed.size < FOLLOWED_MAX) return
    const [oldest] = [...this.#followed].toSorted(([, a], [, b]) => a.usedAtMs - b.usedAtMs)
    if (oldest !== undefined) this.#followed.delete(oldest[0])
  }
}

export class Timeline {
  readonly service: string
  readonly datasource: string
  readonly #options: TimelinesOptions
  readonly #views = new Map<string, BrokerView>()
  readonly #closed: AbortSignal
  #polled: string | undefined
  #usedAtMs: number
  #polling: Promise<void> | undefined
  readonly #watches = new Set<Promise<void>>()

  constructor(
    options: TimelinesOptions,
    { service, datasource }: { service: string; datasource: string },
    closed: AbortSignal,
  ) {
    this.#options = options
    this.service = service
    this.datasource = datasource
    this.#closed = closed
    this.#usedAtMs = options.clock.now()
    this.use()
  }

  get usedAtMs(): number {
    return this.#usedAtMs
  }

  get idle(): boolean {
    return this.#options.clock.now() - this.#usedAtMs > IDLE_MS
  }

  /** Resolves when its poll and all watches have ended. */
  get ended(): Promise<unknown> {
    return Promise.all([this.#polling, ...this.#watches])
  }

  /** Hot: a hit passes here. Says that somebody asked, and polls if nobody does yet. */
  use(): void {
    this.#usedAtMs = this.#options.clock.now()
    if (this.#closed.aborted) return
    this.#polling ??= this.#poll().finally(() => (this.#polling = undefined))
  }

  /** Hot: a hit passes here. The view of the Broker that is polled; undefined while no Broker was ready yet. */
  get polled(): BrokerView | undefined {
    if (this.#polled === undefined) this.#choose()
    return this.#polled === undefined ? undefined : this.viewOf(this.#polled)
  }

  // All timelines poll the same Broker as long as it is ready: the states that they are compared with are then one's.
  #choose(): void {
    const ready = this.#options.druid
      .brokers()
      .filter(({ service, state }) => service === this.service && state === 'ready')
      .map(({ id }) => id)
    // While none is ready the last one stays: what it showed is good for as long as the bounds say.
    if (this.#polled === undefined || !ready.includes(this.#polled))
      this.#polled = ready.toSorted()[0] ?? this.#polled
  }

  viewOf(broker: string): BrokerView {
    const known = this.#views.get(broker)
    if (known !== undefined) return known
    for (const id of this.#views.keys()) {
      if (!this.#options.druid.brokers().some((one) => one.id === id)) this.#views.delete(id)
    }
    const view = new BrokerView((interval) => this.#lookAt(broker, interval), this.#options.clock)
    this.#views.set(broker, view)
    return view
  }

  /**
   * Looks, from now on, at every part that `intervals` touch, at the Broker that is polled or at `broker`.
   * @throws OvateError when no Broker answers.
   */
  async look(intervals: readonly Interval[], broker?: string): Promise<BrokerView | undefined> {
    if (broker === undefined) this.#choose()
    const view = broker === undefined ? this.polled : this.viewOf(broker)
    if (view === undefined) return undefined
    await Promise.all(view.partsUnder(intervals).map((part) => view.look(part)))
    return view
  }

  /**
   * Looks at what `intervals` touch at the Broker that is to compute an answer, until `signal` says that it is there.
   * What is returned, if anything, resolves when the Broker may be asked; it never rejects.
   */
  watch(intervals: readonly Interval[], broker: string, signal: AbortSignal): Promise<void> | undefined {
    const view = this.viewOf(broker)
    const first = this.#firstLook(view, intervals)
    const watch = withFirstOf([signal, this.#closed], async (over) => {
      await first
      await this.#watch(view, intervals, over)
    }).finally(() => this.#watches.delete(watch))
    this.#watches.add(watch)
    return first
  }

  state(intervals: readonly Interval[]): TimelineState | undefined {
    return this.polled?.state(intervals)
  }

  /** What is known of it, for people: the Broker that is polled and when each part was last looked at. */
  summary(): {
    datasource: string
    service: string
    broker: string | undefined
    lookedAt: Record<Part, string | null>
  } {
    const view = this.polled
    const lookedAt = (part: Part): string | null => {
      const ms = view?.lookedAtMs(part)
      return ms === undefined ? null : new Date(ms).toISOString()
    }
    const { datasource, service } = this
    return {
      datasource,
      service,
      broker: this.#polled,
      lookedAt: { past: lookedAt('past'), head: lookedAt('head') },
    }
  }

  async #lookAt(broker: string, interval: Interval): ReturnType<typeof lookAt> {
    const options = { ...this.#options, timeoutMs: this.#options.lookTimeoutMs }
    try {
      const target = { broker, service: this.service, datasource: this.datasource, interval }
      const look = await lookAt(options, target, this.#closed)
      this.#options.onLook('ok')
      return look
    } catch (error) {
      this.#options.onLook('failed')
      throw error
    }
  }

  #firstLook(view: BrokerView, intervals: readonly Interval[]): Promise<void> | undefined {
    const { clock } = this.#options
    const fromMs = clock.now() - SEEN_LATELY_MS
    const due = view.partsUnder(intervals).filter((part) => (view.seenAtMs(part) ?? 0) < fromMs)
    if (due.length === 0) return undefined
    const looks = Promise.all(due.map((part) => noNews(view.look(part))))
    const inTime = new AbortController()
    return withFirstOf([this.#closed, inTime.signal], async (over) => {
      await Promise.race([looks, clock.sleep(FIRST_LOOK_MAX_MS, over).catch(() => undefined)])
      inTime.abort()
    })
  }

  async #watch(view: BrokerView, intervals: readonly Interval[], over: AbortSignal): Promise<void> {
    const { clock } = this.#options
    let sinceMs = clock.now()
    let waitMs = WATCH_FROM_MS
    for (;;) {
      try {
        await clock.sleep(waitMs, over)
      } catch {
        return
      }
      const before = sinceMs
      const due = view.partsUnder(intervals).filter((part) => (view.lookedAtMs(part) ?? 0) < before)
      sinceMs = clock.now()
      waitMs = WATCH_PERIOD_MS
      await Promise.all(due.map((part) => noNews(view.look(part))))
    }
  }

  async #poll(): Promise<void> {
    const { clock } = this.#options
    const due: Record<Part, number> = { past: 0, head: 0 }
    while (!this.#closed.aborted && !this.idle) {
      const now = clock.monotonic()
      this.#choose()
      await Promise.all(PARTS.filter((part) => due[part] <= now).map((part) => this.#pollPart(part)))
      for (const part of PARTS) if (due[part] <= now) due[part] = now + this.#periodMs(part)
      const next = Math.min(due.past, due.head)
      try {
        await clock.sleep(Math.max(POLL_MIN_MS, next - clock.monotonic()), this.#closed)
      } catch {
        return
      }
    }
  }

  async #pollPart(part: Part): Promise<void> {
    await noNews(this.polled?.look(part))
  }

  #periodMs(part: Part): number {
    const { clock } = this.#options
    const rules = this.#options.rules(this.datasource)
    const now = clock.now()
    const newest = part === 'head' ? now : splitAt(now)
    const bound = boundFor(rules, newest, now)
    // No poll could keep a bound of nothing: each request looks for itself, and the poll is for what comes before those.
    return Math.max(POLL_MIN_MS, (bound || rules.capMs || UNBOUND_MS) / LOOKS_PER_BOUND)
  }
}

/** A look that fails is no news: the age of what is held says how long nobody has looked. */
async function noNews(look: Promise<void> | undefined): Promise<void> {
  try {
    await look
  } catch {
    return
  }
}
