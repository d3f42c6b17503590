// `ovate serve` as a process of its own in front of the cluster: its one line, its answers, and its end.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { afterEach, describe, expect, test } from 'vitest'
import { endingWithUs } from '../support/ending-with-us.ts'
import { ask } from './ask.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { freePort } from './home.ts'
import { parseJson, request, sql } from './http.ts'
import { longSql } from './traffic.ts'
import { waitUntil, within } from './wait.ts'

const ROOT = join(import.meta.dirname, '../..')
const SOON_MS = 30_000
/** How long the process may take to end: far less than what it grants to those who don't. */
const SHUTDOWN = '60s'
const LONG_ROWS = 150

interface Ovate {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  readonly ended: Promise<number | null>
}

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function serve(config: object): Ovate {
  const file = join(mkdtempSync(join(tmpdir(), 'ovate-serve-')), 'ovate.yaml')
  writeFileSync(file, stringify(config))
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OVATE_'))
  const child = endingWithUs(
    spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', 'serve', '--config', file], {
      cwd: ROOT,
      env: Object.fromEntries(inherited),
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  children.push(child)
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = once(child, 'close').then(([exit]) => exit as number | null)
  return { child, out: () => out, err: () => err, ended }
}

/** The URL in its one line. */
async function readyUrl({ out, err }: Ovate): Promise<string> {
  await waitUntil('the line of ovate', () => out().endsWith('\n'), within(SOON_MS))
  const url = /^ovate ready on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(out())?.[1]
  if (url === undefined) throw new Error(`no such line: ${out()}${err()}`)
  return url
}

/** Processes that it has started. */
function childrenOf({ pid }: ChildProcess): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

describe.runIf(clusterAvailable)('ovate serve', () => {
  test('says one line, answers as the Broker does, and ends when what runs has ended', async () => {
    const cluster = theCluster()
    const adminPort = await freePort()
    const ovate = serve({
      listen: { host: '127.0.0.1', port: 0, shutdown: SHUTDOWN },
      admin: { port: adminPort },
      druid: { zookeeper: { connect: cluster.zookeeper, path: '/druid' } },
    })
    const url = await readyUrl(ovate)
    const query = 'SELECT country, COUNT(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC, 1'
    const { body } = await sql(cluster.services.broker1, query)
    const found = async (): Promise<boolean> => (await sql(url, query)).status === 200
    await waitUntil('its Brokers', found, within(SOON_MS))
    expect((await sql(url, query)).body).toEqual(body)
    const hosts = childrenOf(ovate.child)
    expect(hosts).toHaveLength(1)

    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect((await ask(url, query, { agent })).body).toEqual(body)
    const never = `-${1 + Math.floor(Math.random() * 1e12)}`
    const running = ask(url, longSql(LONG_ROWS, `added <> ${never}`), { agent })
    const flies = async (): Promise<boolean> => {
      const flights = await request(`http://127.0.0.1:${adminPort}/ovate/flights`)
      return (parseJson(flights) as readonly unknown[]).length > 0
    }
    await waitUntil('a query under way', flies, within(SOON_MS))
    ovate.child.kill('SIGTERM')
    const closed = async (): Promise<boolean> =>
      request(url).then(
        () => false,
        () => true,
      )
    await waitUntil('no connections any more', closed, within(SOON_MS))
    const { status, body: rows } = await running
    expect([status, rows.toString()]).toEqual([200, '[{"n":0}]\n'])
    const answeredAtMs = performance.now()
    expect(await ovate.ended).toBe(0)
    expect(performance.now() - answeredAtMs).toBeLessThan(SOON_MS)
    expect(ovate.out()).toBe(`ovate ready on ${url}\n`)
    // The log, and nothing but: an object in each line.
    const lines = ovate.err().trim().split('\n')
    expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => 'object'))
    agent.destroy()
    await waitUntil(
      'the end of what it started',
      () => hosts.every((pid) => !existsSync(`/proc/${pid}`)),
      within(SOON_MS),
    )
  })
})
