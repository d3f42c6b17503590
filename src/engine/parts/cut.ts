// LIMIT and OFFSET of a request.
import { type Count, INTEGER_MAX } from '../../plan/grouped.ts'
import { parameterAt } from '../../plan/parameters.ts'
import { type Parts } from '../../plan/plan.ts'
import { type Cut } from '../../result/assemble.ts'

/**
 * What is left out and how much is given; undefined where Druid reads another number than is written, or may refuse it:
 * it adds the two up as ints, an absent limit as the largest (`limit >= 0` and `due to overflow` of a groupBy, 33.0.0).
 */
export function cutOf({ grouped, outerLimit }: Parts, parameters: string): Cut | undefined {
  const limit = countOf(grouped.limit, parameters, Number.POSITIVE_INFINITY)
  const offset = countOf(grouped.offset, parameters, 0)
  if (limit === undefined || offset === undefined) return undefined
  const cut = { limit: Math.min(limit, outerLimit), offset }
  return offset > 0 && offset + cut.limit > INTEGER_MAX ? undefined : cut
}

/** Above so many groups Druid cuts each segment's to the larger of LIMIT and `minTopNThreshold`: its answer is not the exact one. */
export function isApproximate(groups: number, { limit }: Cut, topNThreshold: number): boolean {
  return groups > Math.max(limit, topNThreshold)
}

// Druid cuts a count to its lowest 32 bits, and a fraction off it, without a word (33.0.0).
function countOf(count: Count | undefined, parameters: string, absent: number): number | undefined {
  if (count === undefined) return absent
  const value = count.kind === 'literal' ? count.value : parameterAt(parameters, count.index).value
  const isPlain = typeof value === 'number' && Number.isInteger(value) && value >= 0
  return isPlain && value <= INTEGER_MAX ? value : undefined
}
