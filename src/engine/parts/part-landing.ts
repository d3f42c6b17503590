// How an answer from parts ends.
import { type Entry } from '../entry.ts'
import { type Outcome } from '../outcome.ts'

/** What became of an answer from parts: `none` stands for any reason to compute it whole. */
export type PartLanding =
  | {
      readonly kind: 'entry'
      readonly entry: Entry
      readonly outcome: Outcome
      readonly ageMs: number | undefined
      /** The earliest moment, by our clock, at which all of it was what Druid had. */
      readonly fromMs: number
      readonly judged: Promise<void> | undefined
      /** Whether those who joined may have it, as far as row policies go. */
      readonly isForAll: Promise<boolean>
    }
  /** Another replica has computed it: it is in the cache now. */
  | { readonly kind: 'brought' }
  | { readonly kind: 'none' }

/** When it is known whether an answer is kept. */
export function judgedOf(landing: PartLanding): Promise<void> | undefined {
  return landing.kind === 'entry' ? landing.judged : undefined
}
