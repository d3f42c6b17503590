// What may stand between words, and how these may be written.
import { type Random } from '../../cluster/random.ts'

const GAPS = [
  ' ',
  ' ',
  ' ',
  ' ',
  ' ',
  '  ',
  '\n',
  '\t',
  '\r\n ',
  ' /* AND */ ',
  ' /**/',
  " /* it's ( */ ",
  ' -- OR NOT (\n',
] as const

/** Writes words in any case, with blanks, lines and comments between them. */
export class Pen {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** White space or a comment. */
  gap(): string {
    return this.#random.pick(GAPS)
  }

  /** Often nothing. */
  maybe(): string {
    return this.#random.next() < 0.7 ? '' : this.gap()
  }

  word(word: string): string {
    const luck = this.#random.next()
    if (luck < 0.5) return word
    if (luck < 0.8) return word.toLowerCase()
    return Array.from(word, (letter) => (this.#random.next() < 0.5 ? letter.toLowerCase() : letter)).join('')
  }
}
