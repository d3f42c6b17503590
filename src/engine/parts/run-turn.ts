// One answer's way through the lines for the aligned runs that it lacks.
import { getMaxListeners, setMaxListeners } from 'node:events'
import { type Interval } from '../../plan/facts.ts'
import { intersected } from '../../plan/intervals.ts'
import { type Bucketed } from '../../result/bucket-rows.ts'
import { type Clock } from '../../clock.ts'
import { type Keeper } from '../keeper.ts'
import { type Lease, type LeaseOffice, type Turns } from '../turns.ts'
import { type AlignedRun } from './aligned-runs.ts'
import { type Gathering } from './gathering.ts'
import { type Layout } from './layout.ts'
import { type LaidOut, type Making } from './making.ts'
import { type Method } from './method.ts'
import { type PartKeeper } from './part-keeper.ts'
import { judgedOf, type PartLanding } from './part-landing.ts'
import { type SharedRuns } from './shared-runs.ts'

export interface RunTurnOptions {
  readonly clock: Clock
  readonly keeper: Pick<Keeper, 'beside'>
  readonly layout: Pick<Layout, 'look' | 'peek'>
  readonly gathering: Pick<Gathering, 'ahead' | 'notUnderWay'>
  readonly partKeeper: Pick<PartKeeper, 'keep'>
  readonly shared: Pick<SharedRuns, 'bring'>
  readonly turns: Pick<Turns, 'release'>
}

/** What is asked for. */
export interface Wanted<Rows extends Bucketed, Head> {
  readonly method: Method<Rows, Head>
  readonly making: Making
  /** Parts on their way may have been sent so long ago. */
  readonly ageMaxMs: number
}

interface Turning<Rows extends Bucketed, Head> extends Wanted<Rows, Head> {
  readonly office: LeaseOffice
  /** Under which the shape's buckets are held. */
  readonly key: string
  /** For all waits together, ms. */
  readonly budgetMs: number
  readonly stop: AbortSignal
}

/** A place in the line for a run. */
interface InLine {
  readonly run: AlignedRun
  /** Resolves as soon as it is known whether somebody is before. */
  readonly place: Promise<'held' | 'alone' | 'waiting'>
  /** Undefined: the run is to be fetched without one. */
  readonly lease: Promise<Lease | undefined>
}

export class RunTurn<Rows extends Bucketed, Head> {
  readonly #options: RunTurnOptions
  readonly #given: Turning<Rows, Head>
  readonly #untilMs: number
  /** Of what isn't asked for yet. */
  readonly #held = new Set<Lease>()
  #isOver = false

  constructor(options: RunTurnOptions, given: Turning<Rows, Head>) {
    this.#options = options
    this.#given = given
    this.#untilMs = options.clock.monotonic() + given.budgetMs
  }

  /**
   * Does the work when all of these runs are held here, brought, or asked for. @throws what the work throws; the signal's
   * reason.
   */
  async take(runs: readonly AlignedRun[], work: () => Promise<PartLanding>): Promise<PartLanding> {
    const { keeper, turns } = this.#options
    let kept: Promise<void> | undefined
    try {
      await this.#lineUp(runs)
      const landing = await work()
      kept = judgedOf(landing)
      return landing
    } finally {
      this.#isOver = true
      keeper.beside(turns.release([...this.#held], kept))
    }
  }

  // Where none is waited for, all that is missing goes in one query, with the window's edges: that is the work's.
  async #lineUp(runs: readonly AlignedRun[]): Promise<void> {
    const { stop } = this.#given
    // Each place in line listens to it.
    setMaxListeners(getMaxListeners(stop) + runs.length, stop)
    const line = runs.map((run) => this.#stand(run))
    const places = await Promise.all(line.map(({ place }) => place))
    const waiting = line.filter((_, at) => places[at] === 'waiting')
    const own = line.filter((one) => !waiting.includes(one)).map(({ run }) => run)
    await this.#bring(own)
    if (waiting.length === 0) return
    this.#send(own, [...this.#held])
    for (const [at, { run, lease }] of waiting.entries()) {
      const held = await lease
      await this.#bring([run])
      // What the last one lacks is the work's.
      if (at < waiting.length - 1) this.#send([run], held === undefined ? [] : [held])
    }
  }

  #stand(run: AlignedRun): InLine {
    const { clock } = this.#options
    const { key, office, stop } = this.#given
    let wait: () => void = () => undefined
    const waiting = new Promise<'waiting'>((resolve) => (wait = () => resolve('waiting')))
    const budgetMs = Math.max(0, this.#untilMs - clock.monotonic())
    const lease = office.acquire(`${key} ${run.index}`, budgetMs, stop, wait).then((acquired) => {
      if (acquired.kind === 'alone') return undefined
      this.#held.add(acquired.lease)
      if (this.#isOver) this.#release(acquired.lease)
      return acquired.lease
    })
    const held = lease.then((found) => (found === undefined ? 'alone' : 'held'))
    const place = Promise.race([waiting, held])
    // Where several fail, the first that is waited for tells.
    for (const one of [lease, place]) one.catch(() => undefined)
    return { run, place, lease }
  }

  /** Asks for what of these runs is still missing, for all; the leases are given on when it is kept, at once if nothing is. */
  #send(runs: readonly AlignedRun[], leases: readonly Lease[]): void {
    const { gathering, partKeeper, keeper, turns } = this.#options
    const { stop } = this.#given
    const made = this.#made()
    const full = made === undefined ? [] : this.#missing(made, runs)
    for (const lease of leases) this.#held.delete(lease)
    if (made === undefined || full.length === 0) return keeper.beside(turns.release(leases, undefined))
    let settle: () => void = () => undefined
    const held = new Promise<void>((resolve) => (settle = resolve))
    const kept = gathering
      .ahead(made, full, held, stop)
      .then(async (own) => {
        if (own !== undefined) await partKeeper.keep(made, own, undefined)
      })
      .catch(() => undefined)
      .finally(settle)
    keeper.beside(turns.release(leases, kept))
  }

  #release(lease: Lease): void {
    this.#held.delete(lease)
    this.#options.keeper.beside(lease.release())
  }

  async #bring(runs: readonly AlignedRun[]): Promise<void> {
    const made = this.#made()
    const missing = made === undefined ? [] : this.#missing(made, runs)
    if (made !== undefined && missing.length > 0) await this.#options.shared.bring(made, missing, true)
  }

  #missing(made: LaidOut<Rows, Head>, runs: readonly AlignedRun[]): readonly Interval[] {
    const { gathering } = this.#options
    const missing = intersected(
      made.missing,
      runs.map(({ interval }) => interval),
    )
    return gathering.notUnderWay(made, missing, this.#given.ageMaxMs)
  }

  #made(): LaidOut<Rows, Head> | undefined {
    const { method, making } = this.#given
    return this.#options.layout.peek(method, making)
  }
}
