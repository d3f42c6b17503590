// Headers of Druid's answers, as lists of names and values in turn, the way they were on the wire.
import { firstHeader } from '../druid/wire-headers.ts'

const NAMES_INCLUDED = 'x-druid-sql-header-included'

/** Headers that belong to one request or one connection, and so not to a result that is kept. */
const OF_ONE_REQUEST = new Set([
  'date',
  'x-druid-query-id',
  'x-druid-sql-query-id',
  NAMES_INCLUDED,
  'trailer',
  'transfer-encoding',
  'content-length',
  'content-encoding',
  'set-cookie',
  'connection',
  'keep-alive',
  'www-authenticate',
  'authentication-info',
  'age',
  'cache-status',
])

/** Of these, what an answer says to the one who asked for it: sessions of SSO and Kerberos live by it. */
const OF_ONE_ASKER = new Set(['set-cookie', 'www-authenticate', 'authentication-info'])

/** What Druid and its Jetty say of a result. Any other header may be an extension's, which names the user to himself. */
const OF_A_RESULT =
  /^(?:content-|x-druid-)|^(?:cache-control|etag|expires|last-modified|pragma|server|strict-transport-security|vary|x-content-type-options)$/

/** The headers that may be given with a result to anyone it is given to; `isShared`: to other identities, too. */
export function resultHeaders(headers: readonly string[], isShared: boolean): readonly string[] {
  return headers.filter((_, index) => {
    const name = nameAt(headers, index)
    return !OF_ONE_REQUEST.has(name) && (!isShared || OF_A_RESULT.test(name))
  })
}

/** The same of an answer put together from parts: an ETag names Druid's answer to another text. */
export function partHeaders(headers: readonly string[], isShared: boolean): readonly string[] {
  const own = resultHeaders(headers, isShared)
  return own.filter((_, index) => nameAt(own, index) !== 'etag')
}

/** The headers that may be given with a result to the one whose request brought it. */
export function askersHeaders(headers: readonly string[]): readonly string[] {
  return headers.filter((_, index) => {
    const name = nameAt(headers, index)
    return OF_ONE_ASKER.has(name) || !OF_ONE_REQUEST.has(name)
  })
}

/** Whether an answer says something to the one who asked for it, and so must not be given to another. */
export function isForOneAsker(headers: readonly string[]): boolean {
  return headers.some((_, index) => index % 2 === 0 && OF_ONE_ASKER.has(nameAt(headers, index)))
}

function nameAt(headers: readonly string[], index: number): string {
  return (headers[index - (index % 2)] ?? '').toLowerCase()
}

/**
 * Headers of an error: Druid tells of the row of names that it was asked for in these, too, and of ours it was asked
 * always.
 */
export function errorHeaders(headers: readonly string[], wantsNames: boolean): readonly string[] {
  if (wantsNames) return headers
  return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== NAMES_INCLUDED)
}

/** The same headers beside a body of another length, where they say one. */
export function withLength(headers: readonly string[], bytes: number): readonly string[] {
  return headers.map((text, index) =>
    index % 2 === 1 && nameAt(headers, index) === 'content-length' ? String(bytes) : text,
  )
}

const CONTEXT = 'x-druid-response-context'

/**
 * Whether Druid says that its answer lacks something: `missingSegments`, `uncoveredIntervals` or a context that was cut
 * (`ResponseContext.Keys`, 33.0.0). Such an answer is the asker's own: never kept, never given to a second client.
 */
export function saysIncomplete(headers: readonly string[]): boolean {
  const text = firstHeader(headers, CONTEXT)
  if (text === undefined || text === '{}') return false
  try {
    const context = JSON.parse(text) as Record<string, unknown>
    const lists = [context['missingSegments'], context['uncoveredIntervals']]
    return lists.some((list) => Array.isArray(list) && list.length > 0) || context['truncated'] === true
  } catch {
    return true
  }
}
