// What the shared cache needs of a store, free of the client package.

/** `lost`: the connection went before a reply came. Whether a write was done is not known then. */
export type Reply<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'lost' }

export type LinkState = 'connecting' | 'ready' | 'closed'

/**
 * Calls are written at once and never kept for later: without a connection they are lost. They have no deadline, a reply that
 * comes late is read and thrown away by the client, and all end at the latest when a silent connection is given up.
 */
export interface Link {
  readonly state: LinkState
  /** Names the server that has the key now, as far as is known. */
  serverOf(key: string): string
  /** Sends what is called inside in as few pieces as it can. */
  together<Value>(calls: () => Value): Value
  /** The first bytes of a value, at most so many; none: there is no value. */
  read(key: string, bytesMax: number): Promise<Reply<Buffer>>
  /** False when a newer one lies there. */
  store(key: string, value: Buffer, lifeMs: number): Promise<Reply<boolean>>
  /** What is in the air is lost. */
  close(): void
}
