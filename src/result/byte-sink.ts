// Bytes on their way out: one growing buffer, handed over without a copy.

const FIRST_BYTES = 16_384
/** Below this a loop over bytes beats the call into native code. */
const LOOP_BYTES = 24

export class ByteSink {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(byte: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1)
    this.#buffer[this.#length] = byte
    this.#length += 1
  }

  /** Appends `source[start, end)`. */
  copy(source: Buffer, start: number, end: number): void {
    const count = end - start
    if (this.#length + count > this.#buffer.length) this.#grow(count)
    if (count > LOOP_BYTES) source.copy(this.#buffer, this.#length, start, end)
    else for (let i = 0; i < count; i += 1) this.#buffer[this.#length + i] = source[start + i] ?? 0
    this.#length += count
  }

  append(source: Buffer): void {
    this.copy(source, 0, source.length)
  }

  /** What was written since the last call; the sink is empty then. */
  take(): Buffer {
    if (this.#length === 0) return EMPTY
    const taken = this.#buffer.subarray(0, this.#length)
    this.#buffer = Buffer.allocUnsafe(Math.max(FIRST_BYTES, this.#length))
    this.#length = 0
    return taken
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + count))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

const EMPTY = Buffer.alloc(0)
