// Which of a request's URLs mean one of the endpoints that Ovate reads, or answers itself.

const SQL_PATHS = new Set(['/druid/v2/sql', '/druid/v2/sql/'])
const HEALTH_PATHS = new Set(['/status/health', '/status/health/'])
const READY_PATHS = new Set(['/status/ready', '/status/ready/'])
const ORIGIN = /^https?:\/\/[^/?#]*/i
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

/** A URL without its origin: path, parameters and query string as they came. */
export function originForm(url: string): string {
  const path = url.startsWith('/') ? url : url.replace(ORIGIN, '')
  return path.startsWith('/') ? path : `/${path}`
}

/** The path by which Jetty finds an endpoint: no origin, query string or `;parameters`. Nothing else is taken off (33.0.0). */
function pathOf(url: string): string {
  const from = url.startsWith('/') ? url : url.replace(ORIGIN, '')
  const [path = ''] = from.split(/[?#]/, 1)
  return path.replaceAll(PARAMETERS, '')
}
