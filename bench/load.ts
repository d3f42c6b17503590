// Load on one URL: wrk where it is installed, autocannon for a smoke test where it isn't.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { has, LOAD_CORE, run } from './program.ts'

export type Connections = 'keep' | 'close'

export interface Load {
  readonly url: string
  readonly body: string
  readonly connections: Connections
  readonly seconds: number
}

export interface Figures {
  readonly requestsPerSecond: number
  readonly requests: number
  readonly p50Us: number
  readonly p99Us: number
  /** Answers with another status than 2xx. */
  readonly badStatus: number
  /** Requests without an answer: refused, cut, timed out. */
  readonly broken: number
}

const CONNECTIONS = 32

export type Loader = (load: Load) => Promise<Figures>

/** What sends the load here; ratios are worth something with wrk only, since autocannon is slower than what it measures. */
export function loader(): { readonly name: 'wrk' | 'autocannon'; readonly send: Loader } {
  return has('wrk') ? { name: 'wrk', send: byWrk } : { name: 'autocannon', send: byAutocannon }
}

async function byWrk({ url, body, connections, seconds }: Load): Promise<Figures> {
  const text = await withBody(body, (file) => {
    const script = join(import.meta.dirname, 'load.lua')
    const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, url, '--', file, connections]
    return run({ command: 'wrk', args, core: LOAD_CORE })
  })
  const line = /^figures (.*)$/m.exec(text)?.[1]
  if (line === undefined) throw new Error(`wrk gave no figures: ${text.slice(-500)}`)
  const { durationUs, ...rest } = JSON.parse(line) as Omit<Figures, 'requestsPerSecond'> & {
    durationUs: number
  }
  return { requestsPerSecond: Math.round((rest.requests / durationUs) * 1_000_000), ...rest }
}

interface Autocannon {
  readonly requests: { readonly average: number; readonly total: number }
  readonly latency: { readonly p50: number; readonly p99: number }
  readonly non2xx: number
  readonly errors: number
}

async function byAutocannon({ url, body, connections, seconds }: Load): Promise<Figures> {
  const program = createRequire(import.meta.url).resolve('autocannon')
  const text = await withBody(body, (file) => {
    const args = ['-j', '-n', '-c', String(CONNECTIONS), '-d', String(seconds), '-m', 'POST']
    const renewed = connections === 'close' ? ['-D', '1'] : []
    const type = ['-H', 'Content-Type: application/json', '-i', file]
    return run({
      command: process.execPath,
      args: [program, ...args, ...renewed, ...type, url],
      core: LOAD_CORE,
    })
  })
  const { requests, latency, non2xx, errors } = JSON.parse(text) as Autocannon
  return {
    requestsPerSecond: Math.round(requests.average),
    requests: requests.total,
    p50Us: latency.p50 * 1000,
    p99Us: latency.p99 * 1000,
    badStatus: non2xx,
    broken: errors,
  }
}

async function withBody(body: string, use: (file: string) => Promise<string>): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'ovate-bench-'))
  try {
    const file = join(dir, 'body.json')
    writeFileSync(file, body)
    return await use(file)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
