// What names stand for in a chain of SELECTs: the columns that the SELECT inside makes, down to the columns of a table.
import { type Level, isStar } from './levels.ts'
import { pathAt } from './names.ts'
import { TIME } from './reader.ts'
import { type Column, type Expression } from './tree.ts'
import { NotUnderstood, type View } from './view.ts'

export class Scopes {
  readonly #levels: readonly Level[]
  readonly #view: View

  constructor(levels: readonly Level[], view: View) {
    this.#levels = levels
    this.#view = view
  }

  /**
   * An expression of the SELECT at `at` (0 is the outermost), with each name replaced by what it stands for in the one at
   * `until`, further inside. Throws NotUnderstood for a name that two columns have.
   */
  resolved(it: Expression, at: number, until: number): Expression {
    if (at === until) return it
    if (it.kind === 'name') return this.#named(it, at, until)
    if (!('parts' in it)) return it
    const parts = it.parts.map((part) => this.resolved(part, at, until))
    return parts.every((part, index) => part === it.parts[index]) ? it : { ...it, parts }
  }

  // What no column is called is a unit of time, as in TIMESTAMPADD(DAY, …), or Druid refuses it.
  #named(it: Expression & { readonly kind: 'name' }, at: number, until: number): Expression {
    const [first = '', second, ...more] = pathAt(this.#view.tokens, it.at)
    if (more.length > 0) throw new NotUnderstood('path')
    if (second === undefined) return this.#column(first, it, { at, until })
    if (first !== this.#levels[at]?.alias) throw new NotUnderstood('path')
    return this.#column(second, it, { at, until })
  }

  #column(
    name: string,
    it: Expression,
    { at, until }: { readonly at: number; readonly until: number },
  ): Expression {
    if (at === until) return it
    const columns = this.#levels[at + 1]?.select.columns ?? []
    const found = columns.filter((column) => this.nameOf(column) === name)
    const [only] = found
    const passes = columns.some(({ value }) => isStar(value, this.#view))
    // `*` brings a column of that name, too.
    if (found.length > 1 || (found.length === 1 && passes && name === TIME))
      throw new NotUnderstood('ambiguous')
    if (only !== undefined) return this.resolved(only.value, at + 1, until)
    if (!passes && name === TIME) throw new NotUnderstood('no such column')
    return passes ? this.#column(name, it, { at: at + 1, until }) : it
  }

  /** What a column is called outside; undefined where it has no name that can be written, or several. */
  nameOf({ value, alias }: Column): string | undefined {
    if (alias !== undefined) return this.#view.tokens[alias]?.value
    if (value.kind !== 'name' || isStar(value, this.#view)) return undefined
    return pathAt(this.#view.tokens, value.at).at(-1)
  }
}
