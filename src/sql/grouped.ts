// A grouped aggregate over one datasource: bounds, bucket, dimensions, aggregates, order, and where each of them stands.
import {
  type Bucket,
  type Count,
  type Dimension,
  type Grouped,
  type NotGrouped,
  type OrderKey,
  type OutputColumn,
  type TimeCondition,
} from '../plan/grouped.ts'
import { bucketOf } from './buckets.ts'
import { spellShape } from './canonical.ts'
import { conjunctsOf, type TokenRange } from './clauses.ts'
import { Formulas, holdsAggregate, stretchOf } from './formulas.ts'
import {
  isCut,
  isGrouping,
  isPlainSelection,
  isWrapper,
  type Level,
  levelsOf,
  passesTime,
  usesWindow,
} from './levels.ts'
import { type Normalised } from './normalise.ts'
import { pathAt } from './names.ts'
import { countNow } from './now.ts'
import { callName, integerOf, mentionsTime, parameterIndex, type Reader } from './reader.ts'
import { ALWAYS, timeCondition } from './time-conditions.ts'
import { type Expression, type QueryTree } from './tree.ts'
import { type View } from './view.ts'

/** The facts, or why there are none. Throws NotUnderstood for what the clauses can't be found in. */
export function groupedOf(
  view: View,
  given: {
    readonly tree: QueryTree
    readonly normalised: Normalised
    readonly range: TokenRange
    readonly zone: string
  },
): Grouped | NotGrouped {
  const { tree, normalised, range, zone } = given
  const reader: Reader = { view, zone }
  const levels = levelsOf(view, tree, range)
  if (levels === undefined) return tree.selects.length > 1 ? 'several-tables' : 'subquery'
  const at = levels.findIndex((level) => isGrouping(level, reader))
  const level = levels[at]
  if (level === undefined) return 'not-grouped'
  const outer = levels.slice(0, at)
  const inner = levels.slice(at + 1)
  if (level.select.distinct) return 'distinct'
  if (usesWindow(levels)) return 'window-function'
  if (!outer.every(isWrapper) || !inner.every((one) => isPlainSelection(one, view))) return 'subquery'
  if (outer.length > 0 && isCut(level)) return 'subquery'
  return new Reading({ reader, normalised, range, level, inner, top: levels[0] ?? level }).result()
}

/** A grouping expression: its tokens and its tree. */
interface Group {
  readonly range: TokenRange
  readonly value: Expression
}

interface Parts {
  readonly reader: Reader
  readonly normalised: Normalised
  readonly range: TokenRange
  /** The SELECT that groups, those inside it, and the outermost one, which orders and cuts. */
  readonly level: Level
  readonly inner: readonly Level[]
  readonly top: Level
}

class Reading {
  readonly #parts: Parts
  readonly #reader: Reader
  readonly #level: Level
  /** Columns are compared with groups and orders again and again. */
  readonly #spelled = new Map<string, string>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.#reader = parts.reader
    this.#level = parts.level
  }

  result(): Grouped | NotGrouped {
    const bounds = this.#bounds()
    if (typeof bounds === 'string') return bounds
    if (this.#nowOutside(bounds.ranges)) return 'now-outside-bounds'
    const groups = this.#groups()
    if (groups === undefined) return 'not-grouped'
    const { level, top } = this.#parts
    const bucketAt = this.#bucketAt(groups)
    const bucketGroup = bucketAt === undefined ? undefined : groups[bucketAt]
    const dimensions = groups.filter((_, index) => index !== bucketAt)
    const spellings = new Map(dimensions.map(({ range }, index) => [this.#spell(range), index]))
    const formulas = new Formulas(this.#reader, spellings, (range) => this.#spell(range))
    const columns = this.#columns(formulas, spellings, bucketGroup)
    const having = level.select.having
    return {
      table: this.#table(),
      zone: this.#reader.zone,
      time: bounds.time,
      timeForm: bounds.form,
      timeTexts: bounds.ranges.map((range) => stretchOf(range, this.#reader)),
      timeParameters: this.#parametersIn(bounds.ranges),
      bucket: bucketGroup === undefined ? undefined : this.#bucket(bucketGroup),
      hasTime: this.#parts.inner.every((one) => passesTime(one, this.#reader.view)),
      groupingSets: groups.some(({ value }) => isGroupingSet(value, this.#reader)),
      dimensions: dimensions.map(({ range }): Dimension => ({ text: stretchOf(range, this.#reader) })),
      columns,
      having: having === undefined ? undefined : { formula: formulas.of(having) },
      order: this.#order(formulas),
      aggregates: formulas.aggregates,
      limit: this.#count(top.clauses.limit),
      offset: this.#count(top.clauses.offset),
      texts: this.#texts(),
      shape: this.#shape(bounds.ranges),
    }
  }

  /** Conditions on `__time` alone are bounds, as far as they are understood; any other is a filter like all filters. */
  #bounds(): { time: TimeCondition; ranges: TokenRange[]; form: string } | NotGrouped {
    const all: TimeCondition[] = []
    const ranges: TokenRange[] = []
    for (const { select, clauses } of [this.#level, ...this.#parts.inner]) {
      const trees = select.where === undefined ? [] : conjuncts(select.where)
      const texts = conjunctsOf(this.#reader.view, clauses.where)
      if (trees.length !== texts.length) return 'subquery'
      for (const [index, tree] of trees.entries()) {
        if (!mentionsTime(tree, this.#reader)) continue
        const condition = timeCondition(tree, this.#reader)
        const text = texts[index]
        if (condition === undefined || text === undefined) continue
        all.push(condition)
        ranges.push(text)
      }
    }
    const form = ranges.map((range) => this.#spell(range).replaceAll(/\d/g, '0')).join(' & ')
    const [only] = all
    return {
      time:
        all.length === 1 && only !== undefined ? only : all.length === 0 ? ALWAYS : { kind: 'all', of: all },
      ranges,
      form,
    }
  }

  #nowOutside(bounds: readonly TokenRange[]): boolean {
    const inside = bounds.reduce((sum, range) => sum + countNow(this.#tokens, range), 0)
    return countNow(this.#tokens, this.#parts.range) > inside
  }

  #parametersIn(ranges: readonly TokenRange[]): readonly number[] {
    const { view } = this.#reader
    return ranges.flatMap(({ start, end }) =>
      Array.from({ length: end - start }, (_, index) => start + index)
        .filter((at) => view.kind(at) === 'parameter')
        .map((at) => parameterIndex(view, at)),
    )
  }

  /** Grouping expressions: as they stand, or what an ordinal or an alias stands for. */
  #groups(): readonly Group[] | undefined {
    const { select, clauses } = this.#level
    const isEmpty = clauses.groups.length === 1 && select.groupBy.length === 0
    if (isEmpty) return []
    if (clauses.groups.length !== select.groupBy.length) return undefined
    const groups: Group[] = []
    for (const [index, value] of select.groupBy.entries()) {
      const range = clauses.groups[index]
      const item = this.#itemFor(value)
      if (item === 'unknown' || range === undefined) return undefined
      groups.push(item ?? { range, value })
    }
    return groups
  }

  /** The select item that an ordinal or an alias stands for; an alias hides a column of the same name (Calcite). */
  #itemFor(value: Expression): Group | 'unknown' | undefined {
    const { columns } = this.#level.select
    const ordinal = value.kind === 'literal' ? integerOf(value, this.#reader) : undefined
    if (ordinal !== undefined) return this.#item(ordinal - 1) ?? 'unknown'
    if (value.kind !== 'name' || pathAt(this.#tokens, value.at).length > 1) return undefined
    const name = this.#tokens[value.at]?.value
    const named = columns.flatMap(({ alias }, index) =>
      alias !== undefined && this.#tokens[alias]?.value === name ? [index] : [],
    )
    if (named.length > 1) return 'unknown'
    const [only] = named
    return only === undefined ? undefined : (this.#item(only) ?? 'unknown')
  }

  #item(index: number): Group | undefined {
    const column = this.#level.select.columns[index]
    const range = this.#level.clauses.items[index]
    if (column === undefined || range === undefined || column.value.kind === 'star') return undefined
    return { range: this.#withoutAlias(range, column.alias), value: column.value }
  }

  #withoutAlias({ start, end }: TokenRange, alias: number | undefined): TokenRange {
    if (alias === undefined || alias !== end - 1) return { start, end }
    return { start, end: this.#reader.view.word(alias - 1) === 'AS' ? alias - 1 : alias }
  }

  /** Of several buckets the finest one: a group lies inside one of each. */
  #bucketAt(groups: readonly Group[]): number | undefined {
    const lengths = groups.map(({ value }) => {
      const bucket = bucketOf(value, this.#reader)
      return bucket === undefined ? Number.POSITIVE_INFINITY : roughMs(bucket.grid.period)
    })
    const shortest = Math.min(...lengths)
    return Number.isFinite(shortest) ? lengths.indexOf(shortest) : undefined
  }

  #bucket({ range, value }: Group): Bucket | undefined {
    const bucket = bucketOf(value, this.#reader)
    return bucket === undefined ? undefined : { ...bucket, text: stretchOf(range, this.#reader) }
  }

  #columns(
    formulas: Formulas,
    dimensions: ReadonlyMap<string, number>,
    bucket: Group | undefined,
  ): readonly OutputColumn[] {
    const bucketText = bucket === undefined ? undefined : this.#spell(bucket.range)
    return this.#level.select.columns.map(({ value }, index) => {
      const item = this.#item(index)
      if (item === undefined) return { role: 'other', text: { from: 0, to: 0 }, formula: undefined }
      const spelling = this.#spell(item.range)
      const text = stretchOf(item.range, this.#reader)
      if (spelling === bucketText) return { role: 'bucket', text, formula: undefined }
      const dimension = dimensions.get(spelling)
      if (dimension !== undefined)
        return { role: 'dimension', text, formula: { kind: 'dimension', index: dimension } }
      const role = holdsAggregate(value, this.#reader) ? 'measure' : isConstant(value) ? 'constant' : 'other'
      return { role, text, formula: formulas.of(value) }
    })
  }

  #order(formulas: Formulas): readonly OrderKey[] {
    const { select, clauses } = this.#parts.top
    return select.orderBy.map(({ value, descending }, index) => {
      const whole = clauses.orders[index] ?? clauses.tail
      const range = this.#withoutDirection(whole)
      const item = this.#itemFor(value)
      const spelling = this.#spell(range)
      const column = this.#level.select.columns.findIndex((_, at) => {
        const one = this.#item(at)
        if (one === undefined) return false
        if (item !== undefined && item !== 'unknown') return one.range.start === item.range.start
        return this.#spell(one.range) === spelling
      })
      return {
        descending,
        column: item === 'unknown' || column < 0 ? undefined : column,
        text: stretchOf(range, this.#reader),
        spelling,
        formula: item === 'unknown' ? undefined : formulas.of(item?.value ?? value),
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
    const [source] = (this.#parts.inner.at(-1) ?? this.#level).select.sources
    return source?.kind === 'table' ? (pathAt(this.#tokens, source.at).at(-1) ?? '') : ''
  }

  #texts(): Grouped['texts'] {
    const { clauses } = this.#level
    const { query, items, groupBy, having } = clauses
    const top = this.#parts.top.clauses
    const of = (range: TokenRange): ReturnType<typeof stretchOf> => stretchOf(range, this.#reader)
    const last = items.at(-1)
    return {
      query: of({ start: query.start, end: clauses.tail.start }),
      select: of({ start: items[0]?.start ?? query.start + 1, end: last?.end ?? query.start + 1 }),
      // The one that reads the table has the column, whatever those outside select.
      where: of((this.#parts.inner.at(-1) ?? this.#level).clauses.where),
      groupBy: of(groupBy),
      having: of({ start: having.start === having.end ? having.start : having.start - 1, end: having.end }),
      tail: of(top.tail),
    }
  }

  #shape(bounds: readonly TokenRange[]): string {
    const { range, normalised } = this.#parts
    // What orders and cuts stands at the end of the whole statement.
    const { start } = this.#parts.top.clauses.tail
    return spellShape(this.#reader.view, {
      range: { start: range.start, end: start },
      normalised,
      cut: bounds,
    })
  }

  #spell(range: TokenRange): string {
    const key = `${range.start} ${range.end}`
    const known = this.#spelled.get(key)
    if (known !== undefined) return known
    const text = spellShape(this.#reader.view, { range, normalised: this.#parts.normalised, cut: [] })
    this.#spelled.set(key, text)
    return text
  }

  get #tokens(): View['tokens'] {
    return this.#reader.view.tokens
  }
}

function conjuncts(it: Expression): readonly Expression[] {
  return it.kind === 'operator' && it.operator === 'AND' ? it.parts.flatMap(conjuncts) : [it]
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

const PART_MS: Readonly<Record<string, number>> = { Y: 3.15e10, M: 2.6e9, W: 6.05e8, D: 8.64e7 }
const TIME_PART_MS: Readonly<Record<string, number>> = { H: 3.6e6, M: 6e4, S: 1e3 }

/** How long a period is, more or less. */
function roughMs(period: string): number {
  const [date = '', time = ''] = period.split('T')
  const sum = (text: string, unit: Readonly<Record<string, number>>): number =>
    [...text.matchAll(/(\d+)([A-Z])/g)].reduce(
      (all, [, count, part]) => all + Number(count) * (unit[part ?? ''] ?? 0),
      0,
    )
  return sum(date.slice(1), PART_MS) + sum(time, TIME_PART_MS)
}
