// What Ovate needs of ZooKeeper, free of the client package: a session with phases, reads, watches, writes.

/** `suspect`: the connection is gone, the session may live on. `lost`: the session has expired; ephemerals are gone. */
export type SessionState = 'connecting' | 'connected' | 'suspect' | 'lost' | 'closed'

export interface Znode {
  readonly data: Buffer
  readonly version: number
  readonly czxid: bigint
  readonly mzxid: bigint
}

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
  close(): Promise<void>
}
