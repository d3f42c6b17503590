// The `zookeeper` package (7.3.0), as much of it as is used, and nothing of it beyond this folder.
// It is never loaded in this process: hosted.ts says why.
import { OvateError } from '../errors.ts'

/** What the C client says of a znode; 64-bit fields come as doubles, exact below 2^53. */
export interface NativeStat {
  readonly czxid: number
  readonly mzxid: number
  readonly version: number
}

/** Who may do what with one znode; `perm` is a sum of read 1, write 2, create 4, delete 8, admin 16. */
export interface NativeAcl {
  readonly perm: number
  readonly scheme: string
  readonly auth: string
}

type Completion<Values extends unknown[]> = (code: number, text: string, ...values: Values) => void

/** Calls of the binding itself: each returns a code at once, and calls back only when that is 0. */
export interface NativeClient {
  /** Returns an Error, rather than throwing it, when it did nothing. */
  init(options: Record<string, unknown>): unknown
  close(): void
  a_get(path: string, watch: boolean, done: Completion<[NativeStat | null, Buffer | null]>): number
  a_get_children(path: string, watch: boolean, done: Completion<[string[] | null]>): number
  a_exists(path: string, watch: boolean, done: Completion<[NativeStat | null]>): number
  /** `flags`: ephemeral 1, sequential 2, container 4. The path made is the third that is called back, after the code and its name. */
  a_create(path: string, data: Buffer, flags: number, done: Completion<[string]>): number
  a_set(path: string, data: Buffer, version: number, done: Completion<[NativeStat | null]>): number
  a_delete_(path: string, version: number, done: Completion<[]>): number
  a_set_acl(path: string, version: number, acl: readonly NativeAcl[], done: Completion<[]>): number
  a_sync(path: string, done: Completion<[]>): number
  add_auth(scheme: string, credentials: string, done: Completion<[]>): number
}

interface NativeEvents {
  readonly connect: () => void
  readonly connecting: () => void
  readonly close: (client: unknown, code: number) => void
  readonly created: (client: unknown, path: string) => void
  readonly deleted: (client: unknown, path: string) => void
  readonly changed: (client: unknown, path: string) => void
  readonly child: (client: unknown, path: string) => void
  readonly notwatching: (client: unknown, path: string) => void
}

export interface NativeZooKeeper {
  readonly native: NativeClient
  /** Resolves when it can be begun; left out: at once. */
  readonly loaded?: Promise<void>
  on<Name extends keyof NativeEvents>(event: Name, listener: NativeEvents[Name]): unknown
}

export type NativeConstructor = new (options: Record<string, never>) => NativeZooKeeper

const NAMES: Readonly<Record<number, string>> = {
  [-4]: 'connection lost',
  [-7]: 'timeout',
  [-9]: 'invalid state',
  [-101]: 'no node',
  [-108]: 'an ephemeral znode has no children',
  [-102]: 'no authority: the ACL asks for other credentials',
  [-112]: 'session expired',
  [-115]: 'authentication failed',
  [-116]: 'closing',
  [-113]: 'authentication failed',
}

export const UNIMPLEMENTED = -6
export const NO_NODE = -101
export const BAD_VERSION = -103
export const NODE_EXISTS = -110
export const NOT_EMPTY = -111

/** A code of the C client as an error. */
export function nativeError(code: number, doing: string): OvateError {
  return new OvateError('OVATE_ZOOKEEPER', `${doing}: ${NAMES[code] ?? 'ZooKeeper error'} (${code})`)
}
