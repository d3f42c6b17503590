// What a process and the host of its ZooKeeper client say to each other.

/** Events of the package that are passed on; their second argument is a path, or the code of `close`. */
export const HOSTED_EVENTS = [
  'connect',
  'connecting',
  'close',
  'created',
  'deleted',
  'changed',
  'child',
  'notwatching',
] as const

/** How often in a session timeout the host is told that who began the session lives. */
export const SIGNS_PER_TIMEOUT = 4

export type HostedEvent = (typeof HOSTED_EVENTS)[number]

export type ToHost =
  | { readonly kind: 'init'; readonly options: Record<string, unknown> }
  /** A call of the binding, without its last argument, the function to be called back. */
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  /** Nothing else to say: the process that began the session still lives. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'close' }

export type FromHost =
  | { readonly kind: 'loaded' }
  /** The package can't be loaded, or refuses to begin. */
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'event'; readonly name: HostedEvent; readonly value: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly values: readonly unknown[] }
