// What goes together in `cache.shared`.
import { isGiven, type Json, needing, sub } from './checks.ts'
import { type Problem } from './problems.ts'

const PATH = 'cache.shared'
const SENTINEL_ONLY = ['master', 'sentinelUsername', 'sentinelPassword']

/** `cache`: the section as it was given. */
export function sharedProblems(cache: Json | undefined): readonly Problem[] {
  const shared = cache && sub(cache, 'shared')
  if (shared === undefined) return []
  const tls = sub(shared, 'tls')
  return [
    ...nodesProblems(shared),
    ...(shared['mode'] === 'sentinel' ? masterProblems(shared) : strayProblems(shared)),
    ...needing(PATH, shared, ['username', 'password']),
    ...needing(PATH, shared, ['sentinelUsername', 'sentinelPassword']),
    ...needing(`${PATH}.tls`, tls, ['cert', 'key']),
    ...needing(`${PATH}.tls`, tls, ['key', 'cert']),
  ]
}

function nodesProblems({ mode = 'single', nodes }: Json): readonly Problem[] {
  if (nodes === undefined)
    return [{ path: `${PATH}.nodes`, message: 'missing: a list of servers like redis:6379, at least one' }]
  const many = Array.isArray(nodes) && nodes.length > 1
  return many && mode === 'single'
    ? [{ path: `${PATH}.nodes`, message: `${nodes.length} servers are given, mode single has one` }]
    : []
}

function masterProblems({ master }: Json): readonly Problem[] {
  return master === undefined ? [{ path: `${PATH}.master`, message: 'missing: mode is sentinel' }] : []
}

function strayProblems(shared: Json): readonly Problem[] {
  const stray = SENTINEL_ONLY.filter((name) => isGiven(shared, name))
  return stray.map((name) => ({ path: `${PATH}.${name}`, message: 'is for mode sentinel only' }))
}
