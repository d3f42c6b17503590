// Which of a request's URLs mean one of Druid's endpoints that Ovate reads.

const SQL_PATHS = new Set(['/druid/v2/sql', '/druid/v2/sql/'])
const ORIGIN = /^https?:\/\/[^/?#]*/i
const PARAMETERS = /;[^/]*/g

/** Hot: a hit passes here. Whether a URL is the endpoint of statements, with whatever query string or parameters. */
export function isSqlPath(url: string): boolean {
  return SQL_PATHS.has(url) || SQL_PATHS.has(pathOf(url))
}

/** The path by which Jetty finds an endpoint: no origin, query string or `;parameters`. Nothing else is taken off (33.0.0). */
function pathOf(url: string): string {
  const from = url.startsWith('/') ? url : url.replace(ORIGIN, '')
  const [path = ''] = from.split(/[?#]/, 1)
  return path.replaceAll(PARAMETERS, '')
}
