// What L1 holds: whole answers, and shapes with their parts.
import { type MemoryCache } from '../cache/memory.ts'
import { Entry } from './entry.ts'
import { Shape } from './parts/shape.ts'

export type Store = MemoryCache<Entry | Shape>

/** Hot: a hit passes here. The whole answer under a key. */
export function entryAt(store: Store, key: string): Entry | undefined {
  const found = store.get(key)
  return found instanceof Entry ? found : undefined
}

/** What is held of a shape. */
export function shapeAt(store: Store, key: string): Shape | undefined {
  const found = store.get(key)
  return found instanceof Shape ? found : undefined
}
