// Brokers as any one of them lists them: for a cluster whose ZooKeeper Ovate does not reach.
import { Client } from 'undici'
import { type Clock, systemClock } from '../clock.ts'
import { type BrokersListener, type BrokerSource } from './broker-source.ts'
import { connectorOf } from './connector.ts'
import { type BrokerAddress } from './druid.ts'
import { brokerAt } from './fixed-source.ts'
import { type DruidTls } from './options.ts'
import { ask } from './probe.ts'

export interface BootstrapOptions {
  /** Asked in turn until one answers; those found before are asked too. */
  readonly urls: readonly string[]
  /** `sys.servers` does not name `druid.service`: all are of this one. */
  readonly service: string
  /** Ovate's own; STATE read is what it needs. */
  readonly authorization?: string | undefined
  readonly tls?: (() => DruidTls) | undefined
  /** Between two looks, in ms. */
  readonly refreshMs?: number | undefined
  readonly timeoutMs?: number | undefined
  readonly clock?: Clock | undefined
}

// The columns differ by version: these are in all of them.
const SQL =
  "SELECT server, host, plaintext_port, tls_port, server_type FROM sys.servers WHERE server_type = 'broker'"
const REFRESH_MS = 30_000
const RETRY_MS = 1_000
const TIMEOUT_MS = 5_000
const MAX_BYTES = 4_194_304

type Row = Readonly<Record<string, unknown>>

/** Keeps the last known Brokers when none answers. @throws TypeError for what is no http(s) URL. */
export function bootstrapSource(options: BootstrapOptions): BrokerSource {
  const given = options.urls.map((url) => brokerAt(url, options.service))
  const stopping = new AbortController()
  let running: Promise<void> = Promise.resolve()
  return {
    start: (onChange, onError) => {
      running = refresh(options, given, { onChange, onError, signal: stopping.signal })
    },
    stop: async () => {
      stopping.abort(new Error('stopped'))
      await running
    },
  }
}

interface Loop {
  readonly onChange: BrokersListener
  readonly onError: (error: Error) => void
  readonly signal: AbortSignal
}

async function refresh(
  options: BootstrapOptions,
  given: readonly BrokerAddress[],
  loop: Loop,
): Promise<void> {
  const { clock = systemClock, refreshMs = REFRESH_MS } = options
  let known: readonly BrokerAddress[] = []
  while (!loop.signal.aborted) {
    const found = await firstList([...new Set([...given, ...known].map(({ url }) => url))], options, loop)
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(known)) {
      known = found
      loop.onChange(found)
    }
    await clock.sleep(found === undefined ? RETRY_MS : refreshMs, loop.signal).catch(() => undefined)
  }
}

async function firstList(
  urls: readonly string[],
  options: BootstrapOptions,
  { onError, signal }: Loop,
): Promise<readonly BrokerAddress[] | undefined> {
  for (const url of urls) {
    try {
      const brokers = await listFrom(url, options, signal)
      if (brokers.length > 0) return brokers
      onError(new Error(`${url} lists no Broker`))
    } catch (error) {
      if (signal.aborted) return undefined
      onError(new Error(`no list of Brokers from ${url}: ${(error as Error).message}`, { cause: error }))
    }
  }
  return undefined
}

async function listFrom(
  url: string,
  options: BootstrapOptions,
  signal: AbortSignal,
): Promise<BrokerAddress[]> {
  const { authorization, tls, timeoutMs = TIMEOUT_MS, clock = systemClock } = options
  const client = new Client(url, {
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: connectorOf(tls, timeoutMs),
  })
  const credentials = authorization === undefined ? [] : ['Authorization', authorization]
  const headers = ['Content-Type', 'application/json', ...credentials]
  const request = {
    method: 'POST',
    path: '/druid/v2/sql',
    headers,
    body: Buffer.from(JSON.stringify({ query: SQL })),
  }
  try {
    const { status, body } = await ask(client, request, { clock, timeoutMs, maxBytes: MAX_BYTES }, signal)
    if (status !== 200) throw new Error(`status ${status}: ${body.toString('utf8', 0, 200)}`)
    const rows = JSON.parse(body.toString()) as unknown
    if (!Array.isArray(rows)) throw new Error('no rows')
    const brokers = (rows as Row[]).flatMap((row) => brokerOf(row, options.service) ?? [])
    return brokers.toSorted((one, two) => (one.id < two.id ? -1 : 1))
  } finally {
    await client.destroy()
  }
}

// A port that is off shows as -1. The TLS port wins, as in Druid itself (`DruidNode.getHostAndPortToUse`, 33.0.0).
function brokerOf(row: Row, service: string): BrokerAddress | undefined {
  const { host, plaintext_port: plain, tls_port: tls } = row
  if (typeof host !== 'string' || host === '') return undefined
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  if (typeof tls === 'number' && tls > 0) return brokerAt(`https://${name}:${tls}`, service)
  return typeof plain === 'number' && plain > 0 ? brokerAt(`http://${name}:${plain}`, service) : undefined
}
