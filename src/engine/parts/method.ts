// What tells one way of putting answers together from the other: the text that fetches parts, what they are held as, and
// how they become an answer.
import { type Slice, type Bucketed } from '../../result/bucket-rows.ts'
import { type RowSink } from '../../result/kept-reader.ts'
import { type Interval } from '../../plan/facts.ts'
import { type Parts } from '../../plan/plan.ts'
import { type Verdict } from '../../plan/witness.ts'
import { type Grid } from './window.ts'

/** How what lies in buckets is held. */
export interface RowsKind<Rows extends Bucketed> {
  /** Slices, in order of time and apart, as rows of their own: what they were cut from is let go. */
  join(slices: readonly Slice<Rows>[]): Rows
  /** Bytes in memory. */
  sizeOf(rows: Rows): number
  /** How many rows are in it; 0 only where there are none. */
  count(slice: Slice<Rows>): number
}

/**
 * The head of what an answer is made of, `otherwise` where that has none; undefined where there are several: of a column's
 * new type Brokers learn at different times, and rows of both are no answer of Druid's.
 */
export function oneHead<Head>(
  method: Pick<Method<Bucketed, Head>, 'sameHead'>,
  heads: readonly (Head | undefined)[],
  otherwise: Head | undefined,
): Head | undefined {
  const [first = otherwise, ...others] = heads.filter((head) => head !== undefined)
  return first !== undefined && others.every((other) => method.sameHead(first, other)) ? first : undefined
}

/** How rows, and what tells their columns, travel to other replicas. */
interface Packing<Rows, Head> {
  readonly rows: {
    /** Undefined for what can't travel. */
    pack(rows: Rows): Buffer | undefined
    /** Undefined for what isn't such rows. */
    unpack(packed: Buffer): Rows | undefined
  }
  readonly head: {
    /** A value for JSON. */
    pack(head: Head): unknown
    /** Undefined for what isn't such a head. */
    unpack(packed: unknown): Head | undefined
  }
}

export interface PartLimits {
  readonly rows: number
  readonly bytes: number
}

/** Takes the rows of an answer of parts. */
export interface PartSink<Rows, Head> extends RowSink {
  readonly bad: 'too-large' | 'not-understood' | undefined
  result(): { readonly rows: Rows; readonly head: Head } | undefined
}

/** What an answer is to be made for. */
export interface Wanted {
  readonly sql: string
  readonly parameters: string
  readonly parts: Parts
  readonly verdict: Omit<Verdict & { readonly kind: 'agrees' }, 'ours' | 'aggregations'>
}

/** `why`: it can't be made so; `lasting`: nor the next one of this form. */
export interface NotMade {
  readonly why: string
  readonly lasting: boolean
}

export interface MethodOptions {
  /** Up to so many groups a topN is exact: the Brokers' and Historicals' `druid.query.topN.minTopNThreshold`. */
  readonly topNThreshold: number
  /** Whether doubles of a datasource may not be added up here: the last bits would be those of another order. */
  readonly exactDoubles: (datasource: string) => boolean
}

export interface Method<Rows extends Bucketed, Head> {
  readonly rows: RowsKind<Rows>
  readonly packing: Packing<Rows, Head>
  /** Whether all is known that an answer needs beside its parts. */
  isReady(parts: Parts): boolean
  /** The buckets for a window, and a name for what is held in them; undefined where they aren't known. */
  gridFor(
    parts: Parts,
    window: readonly Interval[],
  ): { readonly grid: Grid; readonly name: string } | undefined
  /** `live`: the answer tells the last instant of each bucket. */
  text(
    sql: string,
    parts: Parts,
    ranges: readonly Interval[],
    as: { readonly grid: Grid; readonly live: boolean },
  ): string
  sink(parts: Parts, limits: PartLimits, live: boolean): PartSink<Rows, Head>
  /** The parts that a whole answer has, which was read to its end before; undefined where it isn't made of parts. */
  fromWhole(kept: Buffer, parts: Parts): { readonly rows: Rows; readonly head: Head } | undefined
  sameHead(a: Head, b: Head): boolean
  /** Rows by the starts of their buckets; undefined where one is in no bucket. */
  placed(rows: Rows, parts: Parts, grid: Grid): Rows | undefined
  /** The answer in the form that is kept, of slices that lie in order of time. */
  assembled(slices: readonly Slice<Rows>[], head: Head, wanted: Wanted): Buffer | NotMade
}
