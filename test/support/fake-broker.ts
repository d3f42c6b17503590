// A Broker over real sockets that misbehaves as told: hangs, cuts, delays, garbles, freezes, ends with trailers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, type Socket } from 'node:net'
import { freePort } from '../cluster/home.ts'

export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Buffer
}

export type Behaviour = (request: Received, response: ServerResponse) => void | Promise<void>

export interface FakeBroker {
  readonly port: number
  readonly id: string
  readonly url: string
  /** What came but for probes, in order. */
  readonly received: Received[]
  /** Paths of the probes that came. */
  readonly probes: string[]
  /** What it does with each request that is no probe. */
  behave: Behaviour
  /** Told each probe before it is answered. */
  onProbe: (request: Received, response: ServerResponse) => void
  /** What readiness says. */
  readiness: number
  version: string
  /** From now on nothing is read or answered, and connections stay open, as under SIGSTOP. */
  freeze(): void
  thaw(): void
  /** Closes all connections by RST and listens no more. */
  kill(): Promise<void>
  /** Listens on the same port again. */
  revive(): Promise<void>
  readonly connections: number
}

export const ROWS = '[{"n":1}]\n'

/** Answers 200 with ROWS. */
export const answerRows = (_request: Received, response: ServerResponse): void => {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(ROWS)
}

/** Starts one on a free port of 127.0.0.1. */
export async function startFakeBroker(behave: Behaviour = answerRows): Promise<FakeBroker> {
  const sockets = new Set<Socket>()
  const waiting: (() => void)[] = []
  let frozen = false
  // Not one that an outgoing connection may have when it listens again.
  let port = await freePort()
  let server: Server | undefined

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = await receive(request)
    if (frozen) await new Promise<void>((resolve) => waiting.push(resolve))
    if (!isProbe(received)) {
      broker.received.push(received)
      await broker.behave(received, response)
      return
    }
    broker.probes.push(received.path)
    broker.onProbe(received, response)
    if (received.path === '/status/health') response.end('true')
    else if (received.path === '/status') response.end(JSON.stringify({ version: broker.version }))
    else response.writeHead(broker.readiness).end()
  }
  const listen = async (): Promise<void> => {
    const started = createServer((request, response) => {
      handle(request, response).catch(() => response.destroy())
    })
    started.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => started.listen(port, '127.0.0.1', resolve))
    port = (started.address() as AddressInfo).port
    server = started
  }
  const kill = async (): Promise<void> => {
    const ending = server
    server = undefined
    if (ending === undefined) return
    const closed = new Promise<void>((resolve) => ending.close(() => resolve()))
    for (const socket of sockets) socket.resetAndDestroy()
    await closed
  }

  const broker: FakeBroker = {
    get port() {
      return port
    },
    get id() {
      return `127.0.0.1:${port}`
    },
    get url() {
      return `http://127.0.0.1:${port}`
    },
    received: [],
    probes: [],
    behave,
    onProbe: () => undefined,
    readiness: 200,
    version: '33.0.0',
    freeze: () => {
      frozen = true
    },
    thaw: () => {
      frozen = false
      for (const wake of waiting.splice(0)) wake()
    },
    kill,
    revive: listen,
    get connections() {
      return sockets.size
    },
  }
  await listen()
  return broker
}

function isProbe({ method, path }: Received): boolean {
  return (
    method === 'GET' &&
    ((path.startsWith('/status') && path !== '/status/properties') || path === '/druid/broker/v1/readiness')
  )
}

async function receive(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method = '', url = '', rawHeaders } = request
  return { method, path: url, headers: rawHeaders, body: Buffer.concat(chunks) }
}
