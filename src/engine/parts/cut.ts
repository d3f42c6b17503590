// LIMIT and OFFSET of a request.
import { type Count } from '../../plan/grouped.ts'
import { parameterAt } from '../../plan/parameters.ts'
import { type Parts } from '../../plan/plan.ts'
import { type Cut } from '../../result/assemble.ts'

/** What is left out and how much is given; undefined for a parameter that is no number. */
export function cutOf({ grouped, outerLimit }: Parts, parameters: string): Cut | undefined {
  const limit = countOf(grouped.limit, parameters, Number.POSITIVE_INFINITY)
  const offset = countOf(grouped.offset, parameters, 0)
  return limit === undefined || offset === undefined
    ? undefined
    : { limit: Math.min(limit, outerLimit), offset }
}

/** Above so many groups Druid cuts each segment's to the larger of LIMIT and `minTopNThreshold`: its answer is not the exact one. */
export function isApproximate(groups: number, { limit }: Cut, topNThreshold: number): boolean {
  return groups > Math.max(limit, topNThreshold)
}

function countOf(count: Count | undefined, parameters: string, absent: number): number | undefined {
  if (count === undefined) return absent
  if (count.kind === 'literal') return count.value
  const { value } = parameterAt(parameters, count.index)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
