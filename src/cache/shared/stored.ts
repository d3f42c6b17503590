// What replicas share of an answer: its bytes, and all that lets a reader prove them. The cache reads none of it.

/** Checked by the reader, each time: that an entry is there says nothing. */
export interface Meta {
  /** When its fetch began, on a clock that all replicas share. Finite, at least 0. */
  readonly beganAtMs: number
  /** Of the Brokers that computed it. At most 65,535 bytes of UTF-8. */
  readonly generation: string
  /** The purge epoch under which it was fetched: a whole number, at least 0. */
  readonly epoch: number
  /** Whatever else the reader checks. */
  readonly proof: Buffer
}

export interface Stored {
  readonly meta: Meta
  readonly body: Buffer
}
