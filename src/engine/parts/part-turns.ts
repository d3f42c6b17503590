// Turns of answers from parts: of replicas that lack one bucket at the same time one fetches it, the others wait for what it
// stores. Leases are on aligned runs of buckets, so that windows that overlap meet.
//
//   replica A, a week    ├─ 41 ─┼─ 42 ─┼─ 43 ─┤         has all three: asks for a week, stores, releases
//   replica B, a week           ├─ 42 ─┼─ 43 ─┼─ 44 ─┤  waits for 42; then has 44 and what A didn't bring
//
// Nobody who waits holds a lease of what isn't asked for yet: so no two wait for each other.
import { type Bucketed } from '../../result/bucket-rows.ts'
import { type Turns } from '../turns.ts'
import { alignedRuns } from './aligned-runs.ts'
import { type Learnt } from './learnt.ts'
import { type LaidOut } from './making.ts'
import { judgedOf, type PartLanding } from './part-landing.ts'
import { type SteppedEdges } from './stepped-edges.ts'
import { RunTurn, type RunTurnOptions, type Wanted } from './run-turn.ts'

export interface PartTurnsOptions extends RunTurnOptions {
  readonly learnt: Pick<Learnt, 'expectedMs'>
  readonly turns: Turns
  readonly steppedEdges: Pick<SteppedEdges, 'lacking'>
}

type Work = () => Promise<PartLanding>

/** Above that, a lease for each run costs more than it saves. */
const LEASES_MAX = 64
/** Below this age of what may be joined, replicas have nothing to wait for. */
const AGE_LEAST_MS = 1_000

export class PartTurns {
  readonly #options: PartTurnsOptions

  constructor(options: PartTurnsOptions) {
    this.#options = options
  }

  /**
   * Does the work when its turn has come, with what other replicas stored meanwhile in L1; `brought` where one of them
   * computed the answer itself. @throws what the work throws; the signal's reason.
   */
  async inTurn<Rows extends Bucketed, Head>(
    wanted: Wanted<Rows, Head>,
    work: Work,
    stop: AbortSignal,
  ): Promise<PartLanding> {
    const { turns, layout } = this.#options
    await layout.look(wanted.making, stop)
    const made = this.#made(wanted)
    if (made !== undefined) await this.#brought(made)
    const left = this.#made(wanted)
    if (left !== undefined && left.missing.length === 0 && !left.lacksLoose) return await work()
    // Another replica may have to compute the same answer whole: those meet here.
    const overRuns = (): Promise<PartLanding> => this.#overRuns(wanted, work, stop)
    const landing = await turns.inTurn(wanted.making, overRuns, judgedOf, stop)
    return landing === 'brought' ? { kind: 'brought' } : landing
  }

  /** All that others may have of what is lacking, at once. */
  async #brought<Rows extends Bucketed, Head>(made: LaidOut<Rows, Head>): Promise<void> {
    const { shared, steppedEdges } = this.#options
    const steps = steppedEdges.lacking(made, made)
    await Promise.all([
      shared.bring(made, made.missing),
      ...steps.map(({ keeping, intervals }) => shared.bring(keeping, intervals)),
    ])
  }

  async #overRuns<Rows extends Bucketed, Head>(
    wanted: Wanted<Rows, Head>,
    work: Work,
    stop: AbortSignal,
  ): Promise<PartLanding> {
    const { turns, learnt, gathering } = this.#options
    const { making, ageMaxMs } = wanted
    const made = this.#made(wanted)
    const missing = made === undefined ? [] : gathering.notUnderWay(made, made.missing, ageMaxMs)
    const runs = made === undefined ? [] : alignedRuns(made.grid, missing, LEASES_MAX)
    if (made === undefined || runs === undefined || runs.length === 0 || ageMaxMs < AGE_LEAST_MS)
      return await work()
    const expectedMs = learnt.expectedMs(making.parts.shape, made.grid.count(missing))
    const office = turns.office(making, expectedMs)
    if (office === undefined) return await work()
    const given = { key: made.key, office, budgetMs: turns.budgetMs(making, expectedMs), stop }
    return await new RunTurn(this.#options, { ...wanted, ...given }).take(runs, work)
  }

  #made<Rows extends Bucketed, Head>({
    method,
    making,
  }: Wanted<Rows, Head>): LaidOut<Rows, Head> | undefined {
    return this.#options.layout.peek(method, making)
  }
}
