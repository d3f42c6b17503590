// An embedded stand-in for a Druid Broker: for the demo, and as a fast partner for tests. It is never the proof: real
// Druid is.
import { type Socket, type AddressInfo } from 'node:net'
import { type Clock, systemClock } from '../clock.ts'
import { SandboxEngine } from './engine.ts'
import { sampleEvents, sampleStream } from './sample.ts'
import { type SandboxBehaviour, sandboxServer, type SandboxStats } from './server.ts'

export interface SandboxOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number
  readonly clock?: Clock
  readonly seed?: number
  /** Whether `stream` grows by itself. */
  readonly live?: boolean
  /** Days of `events`; with 0 there is no such table. */
  readonly days?: number
  readonly rowsPerDay?: number
}

export interface Sandbox {
  readonly url: string
  readonly engine: SandboxEngine
  /** What reached it. */
  readonly stats: SandboxStats
  /** How it behaves; may be changed while it runs. */
  readonly behaviour: SandboxBehaviour
  /** Lets `stream` grow by one step. */
  grow(): Promise<void>
  /** Cuts all connections and ends. */
  close(): Promise<void>
}

const TICK_MS = 1_000

/** Starts one on 127.0.0.1, with sample data: `events` of whole days, and `stream`. @throws OvateError without DuckDB. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, clock = systemClock, seed = 7, live = false, days = 30, rowsPerDay = 4_000 } = options
  const engine = await SandboxEngine.create()
  if (days > 0) await sampleEvents(engine, { nowMs: clock.now(), days, rowsPerDay, seed })
  const stream = await sampleStream(engine)
  const stats: SandboxStats = { data: 0, explain: 0, rightsChecks: 0, candidates: 0, other: 0 }
  const behaviour: SandboxBehaviour = {
    version: '33.0.0',
    users: undefined,
    delayMs: 0,
    cutAfterBytes: undefined,
  }
  const server = sandboxServer({ engine, clock, behaviour, stats })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const stop = new AbortController()
  const growing = live ? grow(clock, stream.tick, stop.signal) : Promise.resolve()
  const close = async (): Promise<void> => {
    stop.abort(new Error('closed'))
    await growing
    const ended = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await ended
    engine.close()
  }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, engine, stats, behaviour, grow: () => stream.tick(clock.now()), close }
}

async function grow(
  clock: Clock,
  tick: (nowMs: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await tick(clock.now())
    try {
      await clock.sleep(TICK_MS, signal)
    } catch {
      return
    }
  }
}
