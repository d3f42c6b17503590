// What L1 holds: whole answers, and shapes with their parts.
import { type MemoryCache } from '../cache/memory.ts'
import { Entry } from './entry.ts'
import { type Bucketed } from '../result/bucket-rows.ts'
import { type Method } from './parts/method.ts'
import { Shape } from './parts/shape.ts'

export type Store = MemoryCache<Entry | Shape<Bucketed, unknown>>

/** Hot: a hit passes here. The whole answer under a key. */
export function entryAt(store: Store, key: string): Entry | undefined {
  const found = store.get(key)
  return found instanceof Entry ? found : undefined
}

/** What is held under a key of parts of this kind. */
export function shapeAt<Rows extends Bucketed, Head>(
  store: Store,
  key: string,
  { rows }: Pick<Method<Rows, Head>, 'rows'>,
): Shape<Rows, Head> | undefined {
  const found = store.get(key)
  // The kind is the method's own: what is held under it has the method's rows.
  return found instanceof Shape && (found.kind as unknown) === rows
    ? (found as unknown as Shape<Rows, Head>)
    : undefined
}

/** Keeps a shape if it may be kept; true when it is. `costMs` is what it took Druid. */
export function putShape<Rows extends Bucketed, Head>(
  store: Store,
  key: string,
  shape: Shape<Rows, Head>,
  costMs: number,
): boolean {
  // What it holds is found again by its kind.
  return store.put(key, shape as unknown as Shape<Bucketed, unknown>, costMs)
}

/** The same within a limit: the older half of its runs goes until it fits. */
export function putWithin<Rows extends Bucketed, Head>(
  store: Store,
  { key, maxBytes }: { readonly key: string; readonly maxBytes: number },
  shape: Shape<Rows, Head>,
  costMs: number,
): boolean {
  const bytes = Math.min(store.entryMaxBytes, maxBytes)
  while (shape.sizeBytes > bytes && shape.runs.length > 0) shape.shrink()
  return shape.runs.length > 0 && putShape(store, key, shape, costMs)
}
