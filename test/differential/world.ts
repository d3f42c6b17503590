// What a sequence of questions runs on: an Ovate, the Druid behind it, its data and its time.
import { type Answer } from './compare.ts'
import { type Subject } from './generate.ts'
import { type Operation } from './operations.ts'
import { type Row } from './table.ts'

/** A change of the data; days are midnights (UTC). */
export type Change =
  | { readonly kind: 'append' | 'late rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'replace' | 'drop' | 'restore' | 'compact'; readonly day: number }
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'hand off' }
  /** Who may see what is another from then on; `draw` picks it. */
  | { readonly kind: 'rights'; readonly draw: number }

export interface CacheAnswer extends Answer {
  /** `Cache-Status`. */
  readonly cache: string
}

export interface World {
  /** What may be asked now; grows with columns. */
  subject(): Subject
  nowMs(): number
  /** Kinds of changes that it can make. */
  readonly changes: readonly [Change['kind'], ...Change['kind'][]]
  /** Who may ask: values of `Authorization`; undefined is nobody in particular. */
  readonly identities: readonly [string | undefined, ...(string | undefined)[]]
  /** Anybody asks at any time; elsewhere most is asked by one, so that more is held than refused. */
  readonly isCrowd?: boolean
  ovate(body: string, identity: string | undefined): Promise<CacheAnswer>
  druid(body: string, identity: string | undefined): Promise<Answer>
  /** Resolves when Ovate does nothing beside requests any more. */
  settled(): Promise<void>
  /** Makes a change, and lets so much time pass that Ovate may give nothing from before it any more. */
  change(change: Change): Promise<void>
  /** Does it as a replica does that was told by another; resolves when it is in force. */
  operate(operation: Operation): Promise<void>
  /** Settings that are true of this world, beside those that are of any. */
  readonly settings: readonly Readonly<Record<string, unknown>>[]
  /** Lets time go on past any bound of freshness; some worlds can let more pass. */
  advance(ms: number): Promise<void>
  /** Shares of steps that change data, and that let time go on: where these take long, there are fewer. */
  readonly pace: { readonly change: number; readonly time: number }
  /** Whether time stands still between two requests, so that both mean the same now. */
  readonly still: boolean
}
