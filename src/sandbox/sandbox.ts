// An embedded stand-in for a Druid Broker: for the demo, and as a fast partner for tests. It is never the proof: real
// Druid is.
import { type Socket, type AddressInfo } from 'node:net'
import { type Clock, systemClock } from '../clock.ts'
import { SandboxEngine } from './engine.ts'
import { sampleEvents, sampleStream } from './sample.ts'
import { Faults, type Failure, Running, type SandboxBehaviour, type SandboxStats } from './behaviour.ts'
import { sandboxServer } from './server.ts'

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
  /** Holds back every answer, until `thaw`. */
  freeze(): void
  thaw(): void
  /** The next statement fails like this; without more said as Druid fails when it runs out of luck. */
  failNext(failure?: Partial<Failure>): void
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
  const stats: SandboxStats = { data: 0, explain: 0, rightsChecks: 0, candidates: 0, cancels: 0, other: 0 }
  const behaviour: SandboxBehaviour = {
    version: '33.0.0',
    startTime: new Date(clock.now()).toISOString(),
    users: undefined,
    delayMs: 0,
    cutAfterBytes: undefined,
    cut: 'connection',
  }
  const faults = new Faults()
  const server = sandboxServer({ engine, clock, behaviour, stats, faults, running: new Running() })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  const stop = new AbortController()
  const growing = live ? grow(clock, (nowMs) => stream.tick(nowMs), stop.signal) : Promise.resolve()
  const close = async (): Promise<void> => {
    stop.abort(new Error('closed'))
    faults.thaw()
    await growing
    const ended = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await ended
    await engine.close()
  }
  const { port: taken } = server.address() as AddressInfo
  engine.server = () => ({ host: '127.0.0.1', port: taken, startTime: behaviour.startTime })
  return {
    url: `http://127.0.0.1:${taken}`,
    engine,
    stats,
    behaviour,
    close,
    grow: () => stream.tick(clock.now()),
    freeze: () => faults.freeze(),
    thaw: () => faults.thaw(),
    failNext: ({ status = 500, body = FAILURE } = {}) => faults.failNext({ status, body }),
  }
}

const FAILURE = '{"error":"Unknown exception","errorMessage":"told to fail","errorClass":null,"host":null}'

async function grow(
  clock: Clock,
  tick: (nowMs: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // Nobody waits for the stream before the end: a step that fails would end the process.
    await tick(clock.now()).catch(() => undefined)
    try {
      await clock.sleep(TICK_MS, signal)
    } catch {
      return
    }
  }
}
