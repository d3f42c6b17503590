// What a chain of SELECTs round a grouping one gives: its columns, what orders them, and where all of that stands.
import { type TokenRange } from './clauses.ts'
import { holdsAggregate } from './formulas.ts'
import { isCut, isStar, type Level } from './levels.ts'
import { pathAt } from './names.ts'
import { integerOf, type Reader } from './reader.ts'
import { type Scopes } from './scopes.ts'
import { type Expression } from './tree.ts'
import { NotUnderstood } from './view.ts'

/** A column: what it is where it is grouped, and the tokens of what a SELECT says of it, without its alias. */
export interface Output {
  readonly value: Expression
  readonly range: TokenRange
  /** The number of that SELECT. */
  readonly level: number
}

export class Outputs {
  readonly #levels: readonly Level[]
  /** The number of the SELECT that groups. */
  readonly #grouping: number
  readonly #scopes: Scopes
  readonly #reader: Reader
  readonly #known = new Map<number, readonly (Output | undefined)[]>()

  constructor(
    levels: readonly Level[],
    grouping: number,
    read: { readonly scopes: Scopes; readonly reader: Reader },
  ) {
    this.#levels = levels
    this.#grouping = grouping
    this.#scopes = read.scopes
    this.#reader = read.reader
  }

  /** Columns of the SELECT with this number, the outermost being 0; undefined stands for what shows several of them. */
  of(level: number): readonly (Output | undefined)[] {
    const known = this.#known.get(level)
    if (known !== undefined) return known
    const found = this.#read(level)
    this.#known.set(level, found)
    return found
  }

  #read(level: number): readonly (Output | undefined)[] {
    const one = this.#levels[level]
    if (one === undefined) return []
    const { view } = this.#reader
    if (level < this.#grouping && one.select.columns.some(({ value }) => isStar(value, view)))
      return this.of(level + 1)
    return one.select.columns.map(({ value, alias }, index) => {
      const range = one.clauses.items[index]
      if (range === undefined || isStar(value, view)) return undefined
      return { value: this.resolved(value, level), range: this.#withoutAlias(range, alias), level }
    })
  }

  #withoutAlias({ start, end }: TokenRange, alias: number | undefined): TokenRange {
    if (alias === undefined || alias !== end - 1) return { start, end }
    return { start, end: this.#reader.view.word(alias - 1) === 'AS' ? alias - 1 : alias }
  }

  /** An expression of the SELECT with this number in terms of the one that groups. */
  resolved(it: Expression, level: number): Expression {
    return this.#scopes.resolved(it, level, this.#grouping)
  }

  /**
   * The column that an ordinal or an alias stands for; an alias hides a column of the same name (Calcite). It takes `2.0` for
   * an ordinal, too: which one, isn't told here.
   */
  named(value: Expression, level: number): Output | 'unknown' | undefined {
    const outputs = this.of(level)
    if (value.kind === 'literal' && this.#reader.view.kind(value.at) === 'number') {
      const ordinal = integerOf(value, this.#reader) ?? Number.NaN
      return outputs[ordinal - 1] ?? 'unknown'
    }
    const aliased = this.#aliased(value, level)
    return aliased === undefined ? undefined : (outputs[aliased] ?? 'unknown')
  }

  /** As `named`, of ORDER BY: inside of its expressions, aliases stand for their columns, too (Calcite), and are unknown here. */
  orderedBy(value: Expression, level: number): Output | 'unknown' | undefined {
    return this.named(value, level) ?? (this.#holdsAlias(value, level) ? 'unknown' : undefined)
  }

  #holdsAlias(it: Expression, level: number): boolean {
    if ('parts' in it) return it.parts.some((part) => this.#holdsAlias(part, level))
    return this.#aliased(it, level) !== undefined
  }

  #aliased(value: Expression, level: number): number | undefined {
    const { tokens } = this.#reader.view
    if (value.kind !== 'name' || pathAt(tokens, value.at).length > 1) return undefined
    const name = tokens[value.at]?.value
    const columns = this.#levels[level]?.select.columns ?? []
    const found = columns.flatMap(({ alias }, index) =>
      alias !== undefined && tokens[alias]?.value === name ? [index] : [],
    )
    return found.length > 1 ? Number.POSITIVE_INFINITY : found[0]
  }

  /** A condition of HAVING with what its aliases stand for: of one that holds aggregates itself they are columns (Calcite). */
  having(it: Expression): Expression {
    return holdsAggregate(it, this.#reader) ? it : this.#withoutAliases(it)
  }

  #withoutAliases(it: Expression): Expression {
    if ('parts' in it) return { ...it, parts: it.parts.map((part) => this.#withoutAliases(part)) }
    const named = it.kind === 'name' ? this.named(it, this.#grouping) : undefined
    if (named === 'unknown') throw new NotUnderstood('ambiguous')
    return named?.value ?? it
  }
}

/** Where a chain is ordered and cut. */
export interface Tail {
  /** The number of the SELECT that does so for all. */
  readonly at: number
  /** SELECTs further inside whose order is lost on the way out: Druid leaves it out of its plan (33.0.0). */
  readonly idle: readonly number[]
}

/** Undefined where rows are cut before something else is done with them. */
export function tailOf(levels: readonly Level[], grouping: number): Tail | undefined {
  const cuts = levels.slice(0, grouping + 1).flatMap((level, index) => (isCut(level) ? [index] : []))
  const [limited, ...more] = cuts.filter((index) => levels[index]?.select.limited === true)
  const at = limited ?? 0
  const isLast = levels.slice(0, at).every((level) => !isCut(level) && level.select.where === undefined)
  return more.length === 0 && isLast ? { at, idle: cuts.filter((index) => index !== at) } : undefined
}
