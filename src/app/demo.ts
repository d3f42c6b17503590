// `ovate demo`: the stand-in Druid with sample data that keeps arriving, Ovate in front, and what it gains.
import { parseConfig } from '../config/config.ts'
import { startSandbox } from '../sandbox/sandbox.ts'
import { type App, startApp } from './app.ts'

const QUERY = `SELECT TIME_FLOOR(__time, 'P1D') AS "day", country, COUNT(*) AS edits, SUM(added) AS added
FROM events GROUP BY 1, 2 ORDER BY 1, 2`
/** A dashboard waits for Druid, not for a stand-in: the sandbox takes about as long as a small cluster would. */
const SANDBOX_DELAY_MS = 120
const KEPT_TRIES = 50

/** Starts both; says on stderr where they are, what to try, and what the second run gained. @throws as `startApp`. */
export async function runDemo(
  ports: { readonly port: number; readonly adminPort: number; readonly sandboxPort: number },
  stop: AbortSignal,
): Promise<App> {
  const sandbox = await startSandbox({ port: ports.sandboxPort, live: true })
  sandbox.behaviour.delayMs = SANDBOX_DELAY_MS
  const app = await startApp(
    parseConfig({
      listen: { host: '127.0.0.1', port: ports.port, shutdown: '1s' },
      admin: { port: ports.adminPort },
      druid: { brokers: [sandbox.url] },
      log: { level: 'warn' },
    }),
    stop,
  ).catch(async (error: unknown) => {
    await sandbox.close()
    throw error
  })
  say(await story(app, sandbox.url))
  const close = async (): Promise<void> => {
    await app.close()
    await sandbox.close()
  }
  return { ...app, close }
}

async function story(app: App, sandboxUrl: string): Promise<string> {
  const first = await timed(app.url)
  let again = await timed(app.url)
  for (let tries = 0; tries < KEPT_TRIES && !again.status.includes('hit'); tries += 1)
    again = await timed(app.url)
  return `
  a stand-in Druid     ${sandboxUrl}   (datasources: events, and stream, which grows each second)
  Ovate in front       ${app.url}   point a client here
  metrics and status   ${app.adminUrl ?? 'off'}/metrics, /ovate/status

  the same question twice, through Ovate (${first.bytes} bytes of rows):
    first    ${first.ms.toFixed(1).padStart(7)} ms   ${first.status}
    again    ${again.ms.toFixed(1).padStart(7)} ms   ${again.status}   ${(first.ms / again.ms).toFixed(0)} times as fast

  try it:
    curl -i ${app.url}/druid/v2/sql -H 'Content-Type: application/json' \\
      -d '{"query":"SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC"}'

`
}

async function timed(
  url: string,
): Promise<{ readonly ms: number; readonly status: string; readonly bytes: number }> {
  const began = performance.now()
  const response = await fetch(`${url}/druid/v2/sql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: QUERY }),
    signal: AbortSignal.timeout(30_000),
  })
  const { byteLength } = await response.arrayBuffer()
  return {
    ms: performance.now() - began,
    status: response.headers.get('cache-status') ?? '',
    bytes: byteLength,
  }
}

function say(text: string): void {
  process.stderr.write(text)
}
