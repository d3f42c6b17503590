// A TCP proxy of the test's own: what lies between two programs, slow, cut or silent as told.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import { freePort } from './home.ts'

/** What happens to one answer on its way. */
export interface Cut {
  /** A text in the request by which its connection is known. */
  readonly marker: string
  /** So many bytes of the answer come through, its head included, or all of it before a text. */
  readonly after: number | string
  /** `reset`: RST to both sides. `end`: FIN to the client. `stall`: nothing more comes, and nothing tells. */
  readonly how: 'reset' | 'end' | 'stall'
}

export interface TcpProxy {
  readonly port: number
  readonly url: string
  /** Each piece on its way back is held up for so long, in ms. */
  delayMs: number
  /** Answers to be cut, each once: it is taken off when its request comes by. */
  readonly cuts: Cut[]
  /** From now on nothing comes through in either direction, and new connections are taken and kept waiting. */
  blackhole(): void
  /** What was held up goes on. */
  heal(): void
  /** Takes no connections any more and resets those that are open. */
  down(): Promise<void>
  /** Takes connections again on the same port. */
  up(): Promise<void>
  /** How often a text came by on its way to the server. */
  requests(text: string): number
  readonly connections: number
}

/** Starts one on a free port of 127.0.0.1, or where told; `down` ends it. Proxies may share the list of what they cut. */
export async function startTcpProxy(
  targetPort: number,
  cuts: Cut[] = [],
  listen: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<TcpProxy> {
  const links = new Set<Link>()
  const sent: Buffer[] = []
  let server: Server | undefined
  let port = listen.port === 0 ? await freePort() : listen.port
  let dark = false

  const proxy: TcpProxy = {
    get port() {
      return port
    },
    get url() {
      return `http://${listen.host}:${port}`
    },
    delayMs: 0,
    cuts,
    blackhole: () => {
      dark = true
      for (const link of links) link.hold()
    },
    heal: () => {
      dark = false
      for (const link of links) link.release()
    },
    down: async () => {
      const ending = server
      server = undefined
      const closed = new Promise<void>((resolve) => {
        if (ending === undefined) resolve()
        else ending.close(() => resolve())
      })
      for (const link of links) link.reset()
      await closed
    },
    up: async () => {
      const started = createServer({ pauseOnConnect: true }, (client) => {
        const link = new Link(client, connect(targetPort, '127.0.0.1'), proxy, (bytes) => sent.push(bytes))
        links.add(link)
        link.over.finally(() => links.delete(link)).catch(() => undefined)
        if (!dark) link.release()
      })
      await new Promise<void>((resolve) => started.listen(port, listen.host, resolve))
      port = (started.address() as AddressInfo).port
      server = started
    },
    requests: (text) => Buffer.concat(sent).toString('latin1').split(text).length - 1,
    get connections() {
      return links.size
    },
  }
  await proxy.up()
  return proxy
}

/** One connection and the one behind it. Begins held. */
class Link {
  /** Resolves when both sides are gone. */
  readonly over: Promise<unknown>
  readonly #client: Socket
  readonly #server: Socket
  readonly #proxy: Pick<TcpProxy, 'cuts' | 'delayMs'>
  #held = true
  #recent = ''
  #cut: Cut | undefined
  #passedBytes = 0
  #stalled = false
  #answering: Promise<void> = Promise.resolve()

  constructor(
    client: Socket,
    server: Socket,
    proxy: Pick<TcpProxy, 'cuts' | 'delayMs'>,
    onSent: (bytes: Buffer) => void,
  ) {
    this.#client = client
    this.#server = server
    this.#proxy = proxy
    this.over = Promise.allSettled([finished(client), finished(server)])
    client.on('error', () => server.resetAndDestroy()).on('end', () => server.end())
    server.on('error', () => client.resetAndDestroy())
    client.on('data', (bytes: Buffer) => {
      onSent(bytes)
      this.#look(bytes)
      this.#pass(bytes, client, server)
    })
    server.pause().on('data', (bytes: Buffer) => this.#later(() => this.#answer(bytes)))
    server.on('end', () => this.#later(() => client.end()))
  }

  hold(): void {
    this.#held = true
    this.#client.pause()
    this.#server.pause()
  }

  release(): void {
    this.#held = false
    this.#client.resume()
    this.#server.resume()
  }

  reset(): void {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  /** Which cut, if any, is for the request that comes by. */
  #look(bytes: Buffer): void {
    this.#recent = (this.#recent + bytes.toString('latin1')).slice(-4096)
    const found = this.#proxy.cuts.findIndex(({ marker }) => this.#recent.includes(marker))
    if (found < 0) return
    this.#cut = this.#proxy.cuts.splice(found, 1)[0]
  }

  /** Pieces keep their order, each held up for the proxy's delay. */
  #later(work: () => void): void {
    const { delayMs } = this.#proxy
    const wait = delayMs === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, delayMs))
    this.#answering = this.#answering.then(() => wait).then(work)
  }

  #answer(bytes: Buffer): void {
    if (this.#stalled) return
    if (this.#cut === undefined) return this.#pass(bytes, this.#server, this.#client)
    const at = placeOf(this.#cut, bytes, this.#passedBytes)
    const some = at === undefined ? bytes : bytes.subarray(0, at)
    this.#passedBytes += some.length
    if (some.length > 0) this.#pass(some, this.#server, this.#client)
    if (at !== undefined) this.#strike(this.#cut)
  }

  #strike({ how }: Cut): void {
    this.#stalled = true
    if (how === 'stall') return
    // After what was written has gone out: an RST would overtake it.
    this.#client.end(() => {
      if (how === 'reset') this.#client.resetAndDestroy()
      this.#server.destroy()
    })
  }

  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    if (to.destroyed || to.write(bytes)) return
    from.pause()
    to.once('drain', () => {
      if (!this.#held) from.resume()
    })
  }
}

/** Where in the next bytes an answer is cut, of which so many passed already. */
function placeOf({ after }: Cut, bytes: Buffer, passedBytes: number): number | undefined {
  const at = typeof after === 'string' ? bytes.indexOf(after) : after - passedBytes
  return at >= 0 && at < bytes.length ? at : undefined
}
