// A context key that is never sent on.
import { type JsonMember, type JsonScan, scanJsonObject } from '../result/json-scan.ts'

/**
 * Druid hands the context down to its native queries, where this key equal to the present ETag turns rows into an empty
 * answer (`CachingClusteredClient`, 33.0.0).
 */
export const IF_NONE_MATCH = 'If-None-Match'

/**
 * The same body of a statement, of which `members` are the fields, without that key in any `context` that it holds;
 * undefined when a context has more keys than are read.
 */
export function withoutIfNoneMatch(
  bytes: Buffer,
  members: readonly JsonMember[],
  depthMax: number,
): Buffer | undefined {
  const parts: Buffer[] = []
  let from = 0
  for (const member of members) {
    if (member.key !== 'context' || member.kind !== 'object') continue
    const scan: JsonScan = scanJsonObject(bytes, member.valueStart, depthMax)
    if (!scan.ok) return undefined
    const inner = scan.members
    if (inner.every(({ key }) => key !== IF_NONE_MATCH)) continue
    parts.push(bytes.subarray(from, member.valueStart), Buffer.from(contextWithout(bytes, inner)))
    from = member.valueEnd
  }
  return from === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(from)])
}

function contextWithout(bytes: Buffer, members: readonly JsonMember[]): string {
  const kept = members.filter(({ key }) => key !== IF_NONE_MATCH)
  return `{${kept.map(({ keyStart, valueEnd }) => bytes.toString('utf8', keyStart, valueEnd)).join(',')}}`
}
