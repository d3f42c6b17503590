// How an answer was come by.
import { type Reason } from '../plan/reasons.ts'

/** For `Cache-Status` (RFC 9211) and metrics. */
export type Outcome =
  /** `detail`: `whole`, or how many of its parts were held: `series 168/168`. */
  | { readonly kind: 'hit'; readonly detail: string }
  | { readonly kind: 'partial' | 'miss'; readonly collapsed: boolean; readonly detail: string }
  | { readonly kind: 'bypass'; readonly reason: Reason }
