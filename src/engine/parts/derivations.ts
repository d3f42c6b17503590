// Parts that follow from those of other shapes: a coarser bucket from a finer one, fewer measures, totals from a series.
//
//   by identity, context, Brokers' run, table, filter and dimensions  →  a few shapes of which something is held
//
// A look costs one map access and a comparison with each of these few, however many shapes there are.
import { LRUCache } from 'lru-cache'
import { type Clock } from '../../clock.ts'
import { type Piece } from '../../freshness/pieces.ts'
import { type BrokerView } from '../../freshness/view.ts'
import { kinship } from '../../plan/derivation.ts'
import { type Interval } from '../../plan/facts.ts'
import { intersected, united, without } from '../../plan/intervals.ts'
import { type Bucketed } from '../../result/bucket-rows.ts'
import { putWithin, shapeAt, type Store } from '../store.ts'
import { type ClientHeads } from './client-heads.ts'
import { type Derived, derivedFrom, type Member } from './derived.ts'
import { type Deriving } from './layout.ts'
import { type Lacking, type Making, partsPlan } from './making.ts'
import { type MethodOptions } from './method.ts'
import { Shape, type UsableRun } from './shape.ts'
import { type Grid } from './window.ts'

const FAMILIES_MAX = 20_000
const MEMBERS_MAX = 16

export class Derivations implements Deriving {
  readonly #clock: Clock
  readonly #cache: Store
  readonly #heads: ClientHeads
  readonly #exactDoubles: MethodOptions['exactDoubles']
  readonly #mayDerive: (datasource: string) => boolean
  readonly #entryMaxBytes: (tables: readonly string[]) => number
  readonly #families = new LRUCache<string, readonly Member[]>({ max: FAMILIES_MAX })
  readonly #names = new WeakMap<object, string>()

  constructor({
    clock,
    cache,
    heads,
    exactDoubles,
    mayDerive,
    entryMaxBytes,
  }: {
    readonly clock: Clock
    readonly cache: Store
    readonly heads: ClientHeads
    readonly exactDoubles: MethodOptions['exactDoubles']
    readonly mayDerive: (datasource: string) => boolean
    /** The most that is kept of what these tables were asked for; the cache may set less. */
    readonly entryMaxBytes: (tables: readonly string[]) => number
  }) {
    this.#clock = clock
    this.#cache = cache
    this.#heads = heads
    this.#exactDoubles = exactDoubles
    this.#mayDerive = mayDerive
    this.#entryMaxBytes = entryMaxBytes
  }

  /** To be told of each shape of which something is held now. */
  readonly held = (making: Making, key: string, grid: Grid): void => {
    const family = this.#familyOf(making)
    const others = (this.#families.get(family) ?? []).filter((one) => one.key !== key)
    const plan = partsPlan(making)
    this.#families.set(family, [{ key, plan, grid }, ...others].slice(0, MEMBERS_MAX))
  }

  derive<Rows extends Bucketed, Head>(lacking: Lacking<Rows, Head>): boolean {
    const { making, key } = lacking
    if (!this.#mayDerive(making.parts.grouped.table)) return false
    let { missing } = lacking
    let found = false
    for (const member of this.#families.get(this.#familyOf(making)) ?? []) {
      if (member.key === key || missing.length === 0) continue
      const shape = this.#cache.get(member.key)
      if (!(shape instanceof Shape)) continue
      const derived = this.#from(member, shape, { ...lacking, missing })
      if (derived === undefined || !this.#put(lacking, derived, shape.headers)) continue
      found = true
      missing = without(missing, united(derived.runs.map(({ interval }) => interval)))
    }
    if (found) this.held(making, key, lacking.grid)
    return found
  }

  #from<Rows extends Bucketed, Head>(
    member: Member,
    shape: Shape<Bucketed, unknown>,
    { making, method, grid, view, missing }: Lacking<Rows, Head>,
  ): Derived<Rows, Head> | undefined {
    const { rules, generation } = making
    const present = { view, rules, generation, nowMs: this.#clock.now() }
    const around = (interval: Interval): Interval => member.grid.around(interval)
    const usable = shape.usable(missing, present, around)
    const pieces = piecesOf(usable, view).flatMap((piece) =>
      grid.full(intersected(missing, [piece.interval])).map((interval) => ({ ...piece, interval })),
    )
    const runs = usable.map(({ run }) => run)
    const client = this.#heads.get(making.parts.shape)
    if (pieces.length === 0 || client === undefined) return undefined
    const exactDoubles = this.#exactDoubles(making.parts.grouped.table)
    return derivedFrom(
      { member, head: shape.head, runs, pieces },
      { making, method, grid, client, exactDoubles },
    )
  }

  #put<Rows extends Bucketed, Head>(
    { making, method, key }: Lacking<Rows, Head>,
    { runs, head }: Derived<Rows, Head>,
    headers: readonly string[],
  ): boolean {
    const known = shapeAt<Rows, Head>(this.#cache, key, method)
    if (known !== undefined && !method.sameHead(known.head, head)) return false
    const { plan, service } = making
    const shape = known ?? new Shape({ kind: method.rows, tables: plan.tables, service, head, headers })
    shape.put(runs)
    const maxBytes = this.#entryMaxBytes(plan.tables)
    // Where it stands already, so does what came to it.
    const costMs = known === undefined ? 0 : Number.POSITIVE_INFINITY
    return putWithin(this.#cache, { key, maxBytes }, shape, costMs)
  }

  #familyOf(making: Making): string {
    const { parts, service, generation, verdict } = making
    let name = this.#names.get(verdict.ours)
    if (name === undefined) {
      name = JSON.stringify([parts.family, service, generation, kinship(partsPlan(making))])
      this.#names.set(verdict.ours, name)
    }
    return name
  }
}

/**
 * What of held runs proves itself as one. Only what is sealed: of what still arrives another shape may hold less than an
 * answer of this one had that was given before, and a count would go back.
 */
function piecesOf(usable: readonly UsableRun<Bucketed>[], view: BrokerView): readonly Piece[] {
  const sealed = usable.map(({ run }) => run).filter(({ proof }) => proof.under !== undefined)
  return united(sealed.map(({ interval }) => interval)).flatMap((interval): Piece[] => {
    const parts = sealed.filter((run) => intersected([run.interval], [interval]).length > 0)
    const [first] = parts
    // All of them hold: what lies under them now is what they were made from.
    const under = view.under(interval)
    if (first === undefined || under === undefined) return []
    const sentAtMs = Math.min(...parts.map(({ proof }) => proof.sentAtMs))
    const untilMs = Math.min(...parts.map(({ proof }) => proof.sentAtMs + proof.lifeMs))
    return [{ interval, proof: { ...first.proof, sentAtMs, lifeMs: untilMs - sentAtMs, under } }]
  })
}
