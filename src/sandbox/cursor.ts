// Tokens of a statement, read from front to back.
import { lex, type Token } from '../sql/lexer.ts'
import { invalidAt, SandboxError, unknownForm } from './errors.ts'

export class Cursor {
  readonly #sql: string
  readonly #tokens: readonly Token[]
  #at = 0

  /** @throws SandboxError when the text has no tokens that Druid would read. */
  constructor(sql: string) {
    const tokens = lex(sql)
    if (tokens === undefined || tokens.length === 0)
      throw new SandboxError(400, 'Received an unexpected token')
    this.#sql = sql
    this.#tokens = tokens
  }

  get position(): number {
    return this.#at
  }

  /** How many `?` stand before a token: parameters are bound in the order of the text. */
  parametersBefore(token: Token): number {
    return this.#tokens.filter(({ kind, start }) => kind === 'parameter' && start < token.start).length
  }

  /** Goes back to a `position`. */
  rewind(position: number): void {
    this.#at = position
  }

  get ended(): boolean {
    return this.#at >= this.#tokens.length
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead]
  }

  next(): Token {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw this.unexpected()
    this.#at += 1
    return token
  }

  /** Whether these words (bare, in any case) or operators come next. */
  sees(...words: readonly string[]): boolean {
    return words.every((word, index) => {
      const token = this.peek(index)
      if (token === undefined || (token.kind !== 'identifier' && token.kind !== 'operator')) return false
      return token.text.toUpperCase() === word
    })
  }

  /** Takes them if they come next. */
  takes(...words: readonly string[]): boolean {
    if (!this.sees(...words)) return false
    this.#at += words.length
    return true
  }

  expect(...words: readonly string[]): void {
    if (!this.takes(...words)) throw this.unexpected()
  }

  /** A name, bare or quoted. */
  name(): string {
    const token = this.next()
    if (token.kind !== 'identifier' && token.kind !== 'quoted')
      throw unknownForm(`${token.text} where a name is due`)
    return token.value
  }

  unexpected(): SandboxError {
    const token = this.peek()
    if (token === undefined) return new SandboxError(400, 'Received an unexpected token [<EOF>]')
    return this.errorAt(token, `Received an unexpected token [${token.text}]`)
  }

  /** An error of Druid's that tells where a token stands. */
  errorAt({ start, end }: Token, message: string): SandboxError {
    const before = this.#sql.slice(0, start).split('\n')
    const column = (before.at(-1) ?? '').length + 1
    return invalidAt(message, { line: before.length, column, endColumn: column + end - start - 1 })
  }
}
