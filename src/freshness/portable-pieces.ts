// Pieces of answers that leave the process, each with what lay under it: their reader judges them by its own timeline, and
// drops exactly the buckets under which something has changed.
import { z } from 'zod'
import { type BrokersNow, brokersMs, knewAll, ownMs } from './portable.ts'
import { type Piece } from './pieces.ts'
import { type Segment, type Under } from './segments.ts'

const instant = z.number().int()
const SEGMENTS_MAX = 5_000
const PIECES_MAX = 5_000

/** `runs`: those of the Brokers that were ready then. Intervals in ms, `sentAt` in ms by the Brokers' clock. */
export const portablePieces = z.strictObject({
  service: z.string(),
  runs: z.array(z.string()).min(1),
  unders: z.array(
    z.strictObject({
      schema: z.string(),
      /** Start, end, version, partition, sealed. */
      segments: z.array(z.tuple([instant, instant, z.string(), instant, z.boolean()])).max(SEGMENTS_MAX),
    }),
  ),
  pieces: z
    .array(
      z
        .strictObject({
          from: instant,
          to: instant,
          sentAt: instant,
          /** Which of `unders`; null: it isn't sealed, and valid for its bound only. */
          under: z.number().int().nonnegative().nullable(),
        })
        .refine(({ from, to }) => from < to),
    )
    .max(PIECES_MAX),
})

export type PortablePieces = z.infer<typeof portablePieces>

/** Undefined where no other could check them; pieces of another run of the Brokers are left out. */
export function exportedPieces(
  pieces: readonly Piece[],
  service: string,
  { generation, runs, clock }: BrokersNow,
): PortablePieces | undefined {
  const own = pieces.filter(({ proof }) => proof.generation === generation)
  if (runs === undefined || clock === undefined || own.length === 0 || own.length > PIECES_MAX)
    return undefined
  const known = [...new Set(own.flatMap(({ proof: { under } }) => under ?? []))]
  const unders = known.map((under) => ({
    schema: under.schema,
    segments: segmentsUnder(
      under,
      own.filter(({ proof }) => proof.under === under),
    ),
  }))
  if (unders.some(({ segments }) => segments.length > SEGMENTS_MAX)) return undefined
  return {
    service,
    runs: [...runs],
    unders,
    pieces: own.map(({ interval: { startMs, endMs }, proof: { sentAtMs, under } }) => ({
      from: startMs,
      to: endMs,
      sentAt: brokersMs(sentAtMs, clock),
      under: under === undefined ? null : known.indexOf(under),
    })),
  }
}

function segmentsUnder(
  { segments }: Under,
  pieces: readonly Piece[],
): [number, number, string, number, boolean][] {
  const startMs = Math.min(...pieces.map(({ interval }) => interval.startMs))
  const endMs = Math.max(...pieces.map(({ interval }) => interval.endMs))
  return segments
    .filter((segment) => segment.startMs < endMs && segment.endMs > startMs)
    .map((one) => [one.startMs, one.endMs, one.version, one.partition, one.sealed])
}

/**
 * Pieces to be judged as one's own; none where Brokers run that their maker didn't know: they may plan in another way.
 * `lifeMs`: how long they may live because of row policies, ms.
 */
export function importedPieces(
  portable: PortablePieces,
  { generation, runs, clock }: BrokersNow,
  lifeMs: number,
): readonly Piece[] {
  if (!knewAll(portable.runs, runs) || clock === undefined) return []
  const unders = portable.unders.map(({ schema, segments }): Under => ({
    schema,
    segments: segments.map(([startMs, endMs, version, partition, sealed]): Segment => {
      return { startMs, endMs, version, partition, sealed }
    }),
  }))
  return portable.pieces.flatMap(({ from, to, sentAt, under }): Piece[] => {
    const found = under === null ? undefined : unders[under]
    if (under !== null && found === undefined) return []
    const sentAtMs = ownMs(sentAt, clock)
    return [{ interval: { startMs: from, endMs: to }, proof: { generation, sentAtMs, lifeMs, under: found } }]
  })
}
