// A grouped aggregate over one datasource: bounds, bucket, dimensions, aggregates, order, and where each of them stands.
import {
  type Bucket,
  type Count,
  type Dimension,
  type Formula,
  type Grouped,
  type NotGrouped,
  type OrderKey,
  type OutputColumn,
  type Stretch,
} from '../plan/grouped.ts'
import { bucketOf, roughMs } from './buckets.ts'
import { type TokenRange } from './clauses.ts'
import { isFaithful } from './faithful.ts'
import { Formulas, holdsAggregate, stretchOf } from './formulas.ts'
import { isStar, type Level } from './levels.ts'
import { type GroupedChain, shapeOf, tailClauses, textsOf } from './grouped-texts.ts'
import { movesParameters } from './moved-parameters.ts'
import { pathAt } from './names.ts'
import { countNow } from './now.ts'
import { type Output, Outputs } from './outputs.ts'
import { callName, parameterIndex, parametersIn, type Reader } from './reader.ts'
import { timeColumn } from './time-column.ts'
import { type Expression } from './tree.ts'
import { NotUnderstood, type View } from './view.ts'

/** The facts, or why there are none. Throws NotUnderstood. */
export function groupedOf(chain: GroupedChain): Grouped | NotGrouped {
  return new Reading(chain).result()
}

/** A grouping expression: its tokens and its tree. */
interface Group {
  readonly range: TokenRange
  readonly value: Expression
}

class Reading {
  readonly #chain: GroupedChain
  readonly #reader: Reader
  readonly #outputs: Outputs

  constructor(chain: GroupedChain) {
    this.#chain = chain
    this.#reader = chain.reader
    this.#outputs = new Outputs(chain.levels, chain.at, chain)
  }

  result(): Grouped | NotGrouped {
    const { bounds, levels, at, tail } = this.#chain
    if (this.#nowOutside(bounds.ranges)) return 'now-outside-bounds'
    const groups = this.#groups()
    if (groups === undefined) return 'not-grouped'
    const bucketAt = this.#bucketAt(groups)
    const bucketGroup = bucketAt === undefined ? undefined : groups[bucketAt]
    const dimensions = groups.filter((_, index) => index !== bucketAt)
    const formulas = this.#formulas(dimensions)
    const columns = this.#columns(formulas, bucketGroup)
    const having = this.#having(formulas)
    const order = this.#order(formulas)
    const bucket = bucketGroup === undefined ? undefined : this.#bucket(bucketGroup)
    // What isn't selected and ordered by further inside, or round a `*`, would have no place of its own on the way out.
    const isOutside = tail.at === 0 && (at === 0 || isProjected(levels[0], this.#reader.view))
    if (!isOutside && bucket !== undefined && order.some(({ column }) => column === undefined))
      return 'subquery'
    const texts = textsOf(this.#chain)
    const { aggregates } = formulas
    const groupTexts = dimensions.map(({ range, value }): Dimension => ({
      text: this.#stretch(range),
      isFaithful: this.#isFaithful(value),
    }))
    return {
      table: this.#table(),
      zone: this.#reader.zone,
      time: bounds.time,
      timeForm: bounds.form,
      unreadTime: bounds.unread,
      timeTexts: bounds.ranges.map((range) => this.#stretch(range)),
      timeParameters: parametersIn(bounds.ranges, this.#reader.view),
      timeColumn: timeColumn(levels.slice(at + 1), this.#chain.scopes, this.#reader),
      bucket,
      groupingSets: groups.some(({ value }) => isGroupingSet(value, this.#reader)),
      dimensions: groupTexts,
      columns,
      having,
      order,
      aggregates,
      limit: this.#count(tailClauses(this.#chain).limit),
      offset: this.#count(tailClauses(this.#chain).offset),
      movesParameters: movesParameters(
        { bucket, dimensions: groupTexts, aggregates, order, texts },
        this.#reader.view,
      ),
      texts,
      shape: shapeOf(this.#chain),
    }
  }

  #nowOutside(bounds: readonly TokenRange[]): boolean {
    const { tokens } = this.#reader.view
    const inside = bounds.reduce((sum, range) => sum + countNow(tokens, range), 0)
    return countNow(tokens, this.#chain.range) > inside
  }

  /** Grouping expressions: as they stand, or what an ordinal or an alias stands for. */
  #groups(): readonly Group[] | undefined {
    const { level, at } = this.#chain
    const { select, clauses } = level
    if (select.distinct) {
      const outputs = this.#outputs.of(at).filter((output) => output !== undefined)
      return outputs.length === select.columns.length ? outputs : undefined
    }
    const isEmpty = clauses.groups.length === 1 && select.groupBy.length === 0
    if (isEmpty) return []
    if (clauses.groups.length !== select.groupBy.length) return undefined
    const groups: Group[] = []
    for (const [index, value] of select.groupBy.entries()) {
      const range = clauses.groups[index]
      const item = this.#outputs.named(value, at)
      if (item === 'unknown' || range === undefined) return undefined
      groups.push(item ?? { range, value })
    }
    return groups
  }

  /** Of several buckets the finest one: a group lies inside one of each. */
  #bucketAt(groups: readonly Group[]): number | undefined {
    const lengths = groups.map((group) => {
      const bucket = this.#bucket(group)
      return bucket === undefined ? Number.POSITIVE_INFINITY : roughMs(bucket.grid.period)
    })
    const shortest = Math.min(...lengths)
    return Number.isFinite(shortest) ? lengths.indexOf(shortest) : undefined
  }

  #bucket({ range, value }: Group): Bucket | undefined {
    const { scopes, levels, at } = this.#chain
    const bucket = bucketOf(scopes.resolved(value, at, levels.length - 1), this.#reader)
    return bucket === undefined ? undefined : { ...bucket, text: this.#stretch(range) }
  }

  /** Only tokens of the SELECT that groups tell a dimension: the same words mean something else round it. */
  #formulas(dimensions: readonly Group[]): Formulas {
    const { level, at, spell } = this.#chain
    const { start, end } = level.clauses.query
    const spelled = new Map(dimensions.map(({ range }, index) => [spell(range), index]))
    const shown = new Map(
      this.#outputs.of(at).flatMap((output) => (output === undefined ? [] : [[output.value, output.range]])),
    )
    return new Formulas(this.#reader, {
      dimensionOf: (it, own) => {
        const range = shown.get(it) ?? own
        return range !== undefined && range.start >= start && range.end <= end
          ? spelled.get(spell(range))
          : undefined
      },
      spell,
      isFaithful: (it) => this.#isFaithful(it),
    })
  }

  #isFaithful(it: Expression): boolean {
    const { scopes, levels, at } = this.#chain
    return isFaithful(scopes.resolved(it, at, levels.length - 1), this.#reader)
  }

  #columns(formulas: Formulas, bucket: Group | undefined): readonly OutputColumn[] {
    const { at, spell } = this.#chain
    const bucketText = bucket === undefined ? undefined : spell(bucket.range)
    const buckets = new Set(
      this.#outputs
        .of(at)
        .flatMap((one) => (one !== undefined && spell(one.range) === bucketText ? one.value : [])),
    )
    return this.#outputs.of(0).map((output) => {
      if (output === undefined) return { role: 'other', formula: undefined }
      const { value } = output
      if (buckets.has(value)) return { role: 'bucket', formula: undefined }
      const formula = formulas.of(value)
      if (formula?.kind === 'dimension') return { role: 'dimension', formula }
      const role = holdsAggregate(value, this.#reader) ? 'measure' : isConstant(value) ? 'constant' : 'other'
      return { role, formula }
    })
  }

  /** HAVING, and each WHERE round the SELECT that groups. */
  #having(formulas: Formulas): Grouped['having'] {
    const { level, levels, at } = this.#chain
    const own = level.select.having
    const conditions = [
      ...(own === undefined ? [] : [this.#outputs.having(own)]),
      ...levels
        .slice(0, at)
        .flatMap(({ select: { where } }, index) =>
          where === undefined ? [] : [this.#outputs.resolved(where, index)],
        ),
    ]
    if (conditions.length === 0) return undefined
    const of = conditions.map((condition) => formulas.of(condition))
    const known = of.filter((formula): formula is Formula => formula !== undefined)
    if (known.length < of.length) return { formula: undefined }
    return { formula: known.length === 1 ? known[0] : { kind: 'operation', name: 'AND', of: known } }
  }

  #order(formulas: Formulas): readonly OrderKey[] {
    const { levels, level, tail, spell } = this.#chain
    const { select, clauses } = levels[tail.at] ?? level
    return select.orderBy.map(({ value, descending }, index) => {
      const range = this.#withoutDirection(clauses.orders[index] ?? clauses.tail)
      const item = this.#outputs.orderedBy(value, tail.at)
      const spelling = spell(range)
      const own = typeof item === 'object' ? item.value : this.#outputs.resolved(value, tail.at)
      // Words that hold an alias mean something else in the SELECT.
      const isSpelled = (output: Output | undefined): boolean =>
        item === undefined && output?.level === tail.at && spell(output.range) === spelling
      const column = this.#outputs.of(0).findIndex((output) => output?.value === own || isSpelled(output))
      return {
        descending,
        column: item === 'unknown' || column < 0 ? undefined : column,
        text: this.#stretch(range),
        spelling,
        formula: item === 'unknown' ? undefined : formulas.of(own),
      }
    })
  }

  #withoutDirection({ start, end }: TokenRange): TokenRange {
    let to = end
    const { view } = this.#reader
    if (view.word(to - 2) === 'NULLS') to -= 2
    if (view.word(to - 1) === 'ASC' || view.word(to - 1) === 'DESC') to -= 1
    return { start, end: to }
  }

  #count(at: number | undefined): Count | undefined {
    if (at === undefined) return undefined
    const { view } = this.#reader
    return view.kind(at) === 'parameter'
      ? { kind: 'parameter', index: parameterIndex(view, at) }
      : { kind: 'literal', value: Number(view.tokens[at]?.text) }
  }

  #table(): string {
    const [source] = (this.#chain.levels.at(-1) ?? this.#chain.level).select.sources
    if (source?.kind !== 'table') throw new NotUnderstood('table')
    return pathAt(this.#reader.view.tokens, source.at).at(-1) ?? ''
  }

  #stretch(range: TokenRange): Stretch {
    return stretchOf(range, this.#reader)
  }
}

function isProjected(level: Level | undefined, view: View): boolean {
  return level?.select.columns.every(({ value }) => !isStar(value, view)) ?? false
}

function isConstant(it: Expression): boolean {
  if (it.kind === 'literal' || it.kind === 'constant') return true
  if (it.kind !== 'operator' && it.kind !== 'call') return false
  return it.parts.length > 0 && it.parts.every(isConstant)
}

const SETS = new Set(['__sets', '__row', 'ROLLUP', 'CUBE'])

function isGroupingSet(it: Expression, reader: Reader): boolean {
  return it.kind === 'call' && SETS.has(callName(it, reader))
}
