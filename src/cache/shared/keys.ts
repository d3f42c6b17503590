// Names of entries in the store: nothing of a statement or of an identity can be read from them.
import { createHash } from 'node:crypto'
import { VERSION } from './codec.ts'

/** `<namespace>:<version>:<hash>`; `key` is whatever tells one answer from all others. */
export function storeKey(namespace: string, key: string): string {
  return `${namespace}:${VERSION}:${createHash('sha256').update(key).digest('base64url')}`
}
