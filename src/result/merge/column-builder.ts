// Makes a column of parts from cells, one row after the other.
import { doubleText, floatText } from '../java-text.ts'
import { readLong } from './long.ts'
import { type PartColumn } from './partial.ts'
import { type ValueType } from './value-types.ts'

const LETTER_N = 0x6e
const LETTER_T = 0x74
const LETTER_F = 0x66
const QUOTE = 0x22

export class ColumnBuilder {
  readonly #type: ValueType
  readonly #values: number[] = []
  readonly #nulls: number[] = []
  #longs: Map<number, bigint> | undefined
  #texts: Map<number, string> | undefined

  constructor(type: ValueType) {
    this.#type = type
  }

  /** False for a cell that isn't what the type of the column promises. */
  add(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] === LETTER_N) {
      this.#nulls.push(this.#values.length)
      this.#values.push(0)
      return true
    }
    switch (this.#type) {
      case 'LONG':
        return this.#addLong(bytes, start, end)
      case 'DOUBLE':
      case 'FLOAT':
        return this.#addDouble(bytes, start, end)
      case 'TIME':
        return this.#addTime(bytes, start, end)
      case 'BOOLEAN':
        return this.#addBoolean(bytes[start])
      case 'STRING':
      case 'OTHER':
        return false
    }
  }

  result(): PartColumn {
    const nulls = this.#nulls.length === 0 ? undefined : new Uint8Array(this.#values.length)
    for (const row of this.#nulls) nulls?.fill(1, row, row + 1)
    return { values: Float64Array.from(this.#values), nulls, longs: this.#longs, texts: this.#texts }
  }

  #addLong(bytes: Buffer, start: number, end: number): boolean {
    const value = readLong(bytes, start, end)
    if (value === undefined) return false
    if (typeof value === 'bigint') (this.#longs ??= new Map()).set(this.#values.length, value)
    this.#values.push(typeof value === 'bigint' ? Number.NaN : value)
    return true
  }

  #addDouble(bytes: Buffer, start: number, end: number): boolean {
    const isText = bytes[start] === QUOTE
    const text = isText ? bytes.toString('latin1', start + 1, end - 1) : bytes.toString('latin1', start, end)
    const value = this.#type === 'FLOAT' ? Math.fround(Number(text)) : Number(text)
    if (Number.isFinite(value) === isText) return false
    if (isText && doubleText(value) !== text) return false
    this.#values.push(value)
    if (!isOwnText(text, value, this.#type)) (this.#texts ??= new Map()).set(value, text)
    return true
  }

  // What can't be written again as it came isn't understood: years past 9999.
  #addTime(bytes: Buffer, start: number, end: number): boolean {
    const text = bytes.toString('latin1', start + 1, end - 1)
    const value = Date.parse(text)
    if (Number.isNaN(value) || new Date(value).toISOString() !== text) return false
    this.#values.push(value)
    return true
  }

  #addBoolean(first: number | undefined): boolean {
    if (first !== LETTER_T && first !== LETTER_F) return false
    this.#values.push(first === LETTER_T ? 1 : 0)
    return true
  }
}

/** Most doubles are written alike by JavaScript, but for a `.0`: seen without making Java's text. */
function isOwnText(text: string, value: number, type: ValueType): boolean {
  if (type === 'FLOAT') return floatText(value) === text
  const own = String(value)
  return own === text || `${own}.0` === text || doubleText(value) === text
}
