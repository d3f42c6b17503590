// Which of a request's URLs, in origin form, mean one of the endpoints that Ovate reads, or answers itself.

const SQL_PATHS = new Set(['/druid/v2/sql', '/druid/v2/sql/'])
const HEALTH_PATHS = new Set(['/status/health', '/status/health/'])
const READY_PATHS = new Set(['/status/ready', '/status/ready/'])
/** Jetty takes any scheme, and refuses an authority that names a user: whatever else there is before a path is no origin. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#@]*(?=\/)/i
const NATIVE_PATHS = new Set(['/druid/v2', '/druid/v2/'])
const AVATICA_PATH = /^\/druid\/v2\/sql\/avatica(-protobuf)?\/?$/
const QUERY_PATH = /^\/druid\/v2\/(sql\/)?([^/]+)\/?$/
/** Behind /druid/v2/ these are no ids of queries. */
const NO_IDS = new Set(['sql', 'datasources', 'candidates'])
const PARAMETERS = /;[^/]*/g

/** Hot: a hit passes here. Whether a URL is the endpoint of statements, with whatever query string or parameters. */
export function isSqlPath(url: string): boolean {
  return SQL_PATHS.has(url) || SQL_PATHS.has(pathOf(url))
}

/** Whether a URL asks for the health of the process that answers. */
export function isHealthPath(url: string): boolean {
  return HEALTH_PATHS.has(pathOf(url))
}

/** Whether a URL asks if a server takes requests (Druid 37 and newer). */
export function isReadyPath(url: string): boolean {
  return READY_PATHS.has(pathOf(url))
}

/** Whether a URL is the endpoint of native queries. */
export function isNativePath(url: string): boolean {
  return NATIVE_PATHS.has(pathOf(url))
}

/** How JDBC's requests are written at a URL; undefined where there are none. */
export function avaticaEncoding(url: string): 'json' | 'protobuf' | undefined {
  const found = AVATICA_PATH.exec(pathOf(url))
  if (found === null) return undefined
  return found[1] === undefined ? 'json' : 'protobuf'
}

/** The query that a DELETE of a URL ends; undefined where it is none's. */
export function queryNamed(
  url: string,
): { readonly kind: 'sql' | 'native'; readonly id: string } | undefined {
  const [, sql, escaped = ''] = QUERY_PATH.exec(pathOf(url)) ?? []
  const id = decoded(escaped)
  if (id === undefined || id === '') return undefined
  // A Broker's endpoints of JDBC get all that comes to their paths, also what they refuse (33.0.0).
  if (avaticaEncoding(url) !== undefined) return undefined
  if (sql !== undefined) return { kind: 'sql', id }
  return NO_IDS.has(id) ? undefined : { kind: 'native', id }
}

function decoded(escaped: string): string | undefined {
  try {
    return decodeURIComponent(escaped)
  } catch {
    return undefined
  }
}

/**
 * Hot: a hit passes here. What is on the request line as servers, and not proxies, are told it (RFC 9112 §3.2): without
 * the origin of an absolute form. What is neither stays as it came.
 */
export function originForm(target: string): string {
  return target.startsWith('/') ? target : target.replace(ORIGIN, '')
}

/** The path by which Jetty finds an endpoint: no query string or `;parameters`. Nothing else is taken off (33.0.0). */
function pathOf(url: string): string {
  const [path = ''] = url.split(/[?#]/, 1)
  return path.replaceAll(PARAMETERS, '')
}
