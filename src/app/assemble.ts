// Puts the parts of one Ovate together, from settings and a Druid.
import { MemoryCache } from '../cache/memory.ts'
import { type Clock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { type Epochs } from '../coordination/epochs.ts'
import { type Druid } from '../druid/druid.ts'
import { showsAllRows } from '../engine/all-rows.ts'
import { Engine } from '../engine/engine.ts'
import { Keeper } from '../engine/keeper.ts'
import { PartWitness } from '../engine/parts/part-witness.ts'
import { MergeMethod } from '../engine/parts/merge-method.ts'
import { Beginning } from '../engine/parts/beginning.ts'
import { ClientHeads } from '../engine/parts/client-heads.ts'
import { Derivations } from '../engine/parts/derivations.ts'
import { FallBacks } from '../engine/parts/fall-backs.ts'
import { Gathering } from '../engine/parts/gathering.ts'
import { Layout } from '../engine/parts/layout.ts'
import { StepFetches } from '../engine/parts/step-fetches.ts'
import { SteppedEdges } from '../engine/parts/stepped-edges.ts'
import { Learnt } from '../engine/parts/learnt.ts'
import { PartAnswers } from '../engine/parts/part-answers.ts'
import { judgedOf, type PartLanding } from '../engine/parts/part-landing.ts'
import { PartTurns } from '../engine/parts/part-turns.ts'
import { PartStates } from '../engine/parts/part-state.ts'
import { PartKeeper } from '../engine/parts/part-keeper.ts'
import { SeriesMethod } from '../engine/parts/series-method.ts'
import { SharedRuns } from '../engine/parts/shared-runs.ts'
import { type MayBeRestricted, PlanChecks, type Refused } from '../engine/plan-check.ts'
import { SharedAnswers, type SharedStore } from '../engine/shared-answers.ts'
import { type Store } from '../engine/store.ts'
import { type Landing, untilJudged, Whole } from '../engine/whole.ts'
import { type LeaseOffice, Turns } from '../engine/turns.ts'
import { Flights } from '../flight/flights.ts'
import { Timelines } from '../freshness/timelines.ts'
import { Planner } from '../http/planner.ts'
import { ANONYMOUS, Identities } from '../identity/identity.ts'
import { Rights } from '../identity/rights.ts'
import { type Metrics } from '../observe/metrics.ts'
import { allRowsCheckSql, rightsCheckSql } from '../sql/statements.ts'
import { LiveSettings } from './live-settings.ts'
import { ownAuthorization } from './own-account.ts'
import { VERSION } from './version.ts'

export interface Parts {
  readonly clock: Clock
  readonly druid: Druid
  readonly cache: Store
  readonly timelines: Timelines
  /** Of whole answers and of answers from parts. */
  readonly flights: Pick<Flights<unknown>, 'list' | 'size'>
  readonly keeper: Keeper
  readonly engine: Engine
  readonly planner: Planner
  readonly identities: Identities
  /** What is in force, to be changed while it runs. */
  readonly settings: LiveSettings
  /** Ends polling and what runs beside requests; resolves when nothing does any more. */
  close(): Promise<void>
}

const LOOK_TIMEOUT_MS = 10_000
const CHECK_TIMEOUT_MS = 10_000
const EXPLAIN_TIMEOUT_MS = 30_000
/** Answers above this share of what an entry may be must be asked for twice, or be dear, to be kept. */
const ADMIT_SHARE = 8
const TABLES_PER_IDENTITY = 20

/** One Ovate's parts, wired; nothing listens yet. */
export function assemble(
  config: Config,
  given: {
    druid: Druid
    clock: Clock
    metrics: Metrics
    onError?: (error: unknown) => void
    /** What replicas share; undefined: nothing. */
    shared?: SharedStore | undefined
    /** Undefined where replicas don't know each other, or not yet. */
    leases?: (() => LeaseOffice | undefined) | undefined
    /** Undefined where nobody tells of purges elsewhere. */
    epochs?: (() => Pick<Epochs, 'of' | 'lineage'> | undefined) | undefined
  },
): Parts {
  const { druid, clock, metrics } = given
  const settings = new LiveSettings(config)
  const { rules, entryMaxBytes } = settings
  const cache: Store = new MemoryCache({
    sizeBytes: config.cache.size,
    entryMaxBytes: config.cache.maxEntry,
    admitBelowBytes: config.cache.maxEntry / ADMIT_SHARE,
  })
  const flights = new Flights<Landing>(clock, untilJudged)
  const timelines = new Timelines({
    druid,
    clock,
    authorization: ownAuthorization(config),
    rules,
    segmentsMax: config.freshness.maxSegments,
    lookTimeoutMs: LOOK_TIMEOUT_MS,
    onLook: metrics.timelineLook,
  })
  const rights = new Rights({
    druid,
    clock,
    recheckMs: config.identity.recheck,
    policyMs: config.identity.policy,
    proofsMax: config.identity.maxIdentities * TABLES_PER_IDENTITY,
    timeoutMs: CHECK_TIMEOUT_MS,
    checkSql: rightsCheckSql,
    allRows: { checkSql: allRowsCheckSql, shows: showsAllRows },
    onCheck: metrics.rightsCheck,
  })
  const mayBeRestricted: MayBeRestricted = ({ identity }, { tables, shared: isShared }) =>
    identity !== ANONYMOUS && !isShared && Number.isFinite(settings.policyMs(tables))
  const refused: Refused = (request, plan, service) => keeper.refused(request, plan, service)
  const planChecks = new PlanChecks({
    druid,
    clock,
    timeoutMs: EXPLAIN_TIMEOUT_MS,
    mayBeRestricted,
    refused,
    onCheck: metrics.planCheck,
  })
  const keeper = new Keeper({
    druid,
    clock,
    cache,
    timelines,
    rights,
    planChecks,
    rules,
    policyMs: settings.policyMs,
    onKept: metrics.kept,
    share: (request, plan, entry) => shared?.share(request, plan, entry),
  })
  const epochOf = (tables: readonly string[]): number | undefined =>
    given.epochs === undefined ? 0 : given.epochs()?.of(tables)
  const identities = new Identities({ headers: config.identity.headers, secret: config.identity.secret })
  const knownBy = identities.names.toSorted()
  // What another version made, or the same under another rule of the file, may not be what this one would have made; and
  // who is nobody to a replica that knows users by fewer headers may be somebody here.
  const origin = (tables: readonly string[]): string => {
    const exact = tables.filter(settings.exactDoubles)
    return JSON.stringify([given.epochs?.()?.lineage, VERSION, config.druid.minTopNThreshold, exact, knownBy])
  }
  const shared =
    given.shared &&
    new SharedAnswers({
      store: given.shared,
      druid,
      clock,
      cache,
      timelines,
      keeper,
      rules,
      epochOf,
      origin,
      isKnownToAll: (identity) => identity === ANONYMOUS || config.identity.secret !== undefined,
      wholeMs: (shape) => learnt.wholeMs(shape),
      onBrought: (parts, kept, wholeMs) => {
        heads.learn(parts, kept)
        learnt.told(parts.shape, wholeMs)
      },
    })
  const methods = {
    topNThreshold: config.druid.minTopNThreshold,
    exactDoubles: settings.exactDoubles,
  }
  const heads = new ClientHeads()
  const merge = new MergeMethod(methods, heads)
  const series = new SeriesMethod(methods)
  const learnt = new Learnt({ clock, keeper, timelines, series, rules })
  const { shared: store } = given
  const sharedRuns =
    store &&
    shared &&
    new SharedRuns({
      store,
      druid,
      clock,
      cache,
      keeper,
      epochOf,
      origin,
      mayShare: (request, plan) => shared.mayShare(request, plan),
      entryMaxBytes,
      boundMs: (table) => rules(table).capMs,
    })
  const turns =
    store &&
    shared &&
    new Turns({
      clock,
      office: () => given.leases?.(),
      isShared: (request, plan) => shared.mayShare(request, plan),
      bring: (request, plan) => shared.bring(request, plan, true),
      flushed: (signal) => store.flushed(signal),
      beside: (work) => keeper.beside(work),
    })
  const whole = new Whole({
    druid,
    clock,
    cache,
    flights,
    keeper,
    rules,
    entryMaxBytes,
    onCompute: metrics.computed,
    turns,
    onWhole: (made, judged) => {
      if (made.plan.parts !== undefined) heads.learn(made.plan.parts, made.entry.kept)
      learnt.whole(made, judged)
    },
  })
  const witness = new PartWitness({
    druid,
    clock,
    timeoutMs: EXPLAIN_TIMEOUT_MS,
    mayBeRestricted,
    refused,
    onVerdict: metrics.planCheck,
  })
  const fallBacks = new FallBacks(clock)
  const { exactDoubles } = methods
  const { mayDerive } = settings
  const derivations = new Derivations({ clock, cache, heads, exactDoubles, mayDerive, entryMaxBytes })
  const beginning = new Beginning({
    druid,
    clock,
    keeper,
    timelines,
    witness,
    learnt,
    fallBacks,
    series,
    merge,
    rules,
  })
  const gathering = new Gathering({
    druid,
    clock,
    cache,
    timelines,
    rights,
    keeper,
    fallBacks,
    learnt,
    merge,
    rowsMax: settings.partRowsMax,
    entryMaxBytes,
  })
  const partKeeper = new PartKeeper({
    clock,
    cache,
    keeper,
    timelines,
    rules,
    entryMaxBytes,
    share: (keeping, intervals) => sharedRuns?.share(keeping, intervals),
  })
  const steppedEdges = new SteppedEdges({
    clock,
    cache,
    keeper,
    heads,
    merge,
    fetches: new StepFetches({ clock, keeper, merge, gathering, partKeeper }),
    witness,
    exactDoubles,
    entryMaxBytes,
  })
  const layout = new Layout({ clock, cache, learnt, derivations, steppedEdges })
  const partTurns =
    turns &&
    sharedRuns &&
    new PartTurns({
      clock,
      keeper,
      layout,
      learnt,
      gathering,
      partKeeper,
      shared: sharedRuns,
      turns,
      steppedEdges,
    })
  const partFlights = new Flights<PartLanding>(clock, judgedOf)
  const partAnswers = new PartAnswers({
    clock,
    cache,
    flights: partFlights,
    keeper,
    rights,
    beginning,
    layout,
    gathering,
    partKeeper,
    steppedEdges,
    turns: partTurns,
    fallBacks,
    series,
    merge,
    rules,
    onHeld: derivations.held,
    onError: given.onError ?? (() => undefined),
  })
  const partStates = new PartStates({ beginning, layout, witness, fallBacks, series, merge })
  const engine = new Engine({
    druid,
    clock,
    cache,
    rights,
    planChecks,
    keeper,
    whole,
    partAnswers,
    partStates,
    shared,
  })
  const planner = new Planner({
    druid,
    rules: settings,
    sqlMaxLength: config.analysis.maxSql,
    sqlMaxDepth: config.analysis.maxDepth,
  })
  const close = async (): Promise<void> => {
    await Promise.all([timelines.close(), keeper.settled()])
  }
  const all = {
    list: () => [...flights.list(), ...partFlights.list()],
    get size() {
      return flights.size + partFlights.size
    },
  }
  const parts = { clock, druid, cache, timelines, keeper, engine, planner, identities, settings }
  return { ...parts, flights: all, close }
}
