// What Ovate needs of ZooKeeper, free of the client package: a session with phases, reads, watches, writes.

/** `suspect`: the connection is gone, the session may live on. `lost`: the session has expired; ephemerals are gone. */
export type SessionState = 'connecting' | 'connected' | 'suspect' | 'lost' | 'closed'

/** `czxid`: when it was made; `mzxid`: when it was written last. */
export interface ZnodeStat {
  readonly version: number
  readonly czxid: bigint
  readonly mzxid: bigint
}

export interface Znode extends ZnodeStat {
  readonly data: Buffer
}

/** `sequential`: ZooKeeper puts ten digits behind the name. `container`: it goes by itself some time after its last child. */
export type ZnodeKind = 'persistent' | 'container' | 'ephemeral' | 'ephemeral-sequential'

/** `path` as it was made, with its digits. `unsupported`: the server knows no such kind (containers came with 3.5.3). */
export type Created =
  | { readonly kind: 'created'; readonly path: string }
  | { readonly kind: 'exists' }
  | { readonly kind: 'no-parent' }
  | { readonly kind: 'unsupported' }

/** The znode as it was written; `conflict`: another version is there than the one that was named. */
export type Written =
  | ({ readonly kind: 'written' } & ZnodeStat)
  | { readonly kind: 'conflict' }
  | { readonly kind: 'gone' }

export type Deleted = 'deleted' | 'conflict' | 'gone' | 'not-empty'

/** Every operation has a deadline of its own beside `signal`. @throws OvateError OVATE_ZOOKEEPER. */
export interface Coordination {
  readonly state: SessionState
  /** Tells each change of state; the function returned takes the listener off. */
  onState(listener: (state: SessionState) => void): () => void
  /** Names of children, unsorted; undefined when there is no such znode. `onChange` is called once, on any change. */
  children(
    path: string,
    onChange: (() => void) | undefined,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined>
  /** Undefined when there is no such znode. `onChange` is called once, on any change. */
  read(path: string, onChange: (() => void) | undefined, signal: AbortSignal): Promise<Znode | undefined>
  /**
   * The watch of `onChange` is set also where there is no such znode. When the answer of `create` is lost the znode may be
   * there all the same: what must not be left behind has to be looked for by a name of its own.
   */
  exists(path: string, onChange: (() => void) | undefined, signal: AbortSignal): Promise<boolean>
  /** Who waits no longer is forgotten; ZooKeeper's own watch, one per path and session, stays until it fires. */
  unwatch(path: string, onChange: () => void): void
  create(path: string, data: Buffer, kind: ZnodeKind, signal: AbortSignal): Promise<Created>
  /** Any version where none is named. */
  write(path: string, data: Buffer, version: number | undefined, signal: AbortSignal): Promise<Written>
  delete(path: string, version: number | undefined, signal: AbortSignal): Promise<Deleted>
  /** Leaves the znode itself to those who have the credentials of this client; of its children only who may make or delete them. */
  restrict(path: string, signal: AbortSignal): Promise<void>
  /** Resolves when the server asked has all that was written before, anywhere. */
  sync(path: string, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
