// A Broker that says exactly what a test says, as soon as a request's head is there: it reads no body first.
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface RawBroker {
  readonly url: string
  /** How many heads came, those of probes left out. */
  readonly asked: number
  close(): Promise<void>
}

/** What it does on the connection with each request that is no probe. */
type Say = (socket: Socket) => void

const PROBE = /^GET \/(?:status|druid\/broker\/v1\/readiness)/
const PROBED = 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"version":"33.0.0"}'

/** Starts one on a free port of 127.0.0.1. */
export async function startRawBroker(say: Say): Promise<RawBroker> {
  const sockets = new Set<Socket>()
  let asked = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    let head = ''
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      const isProbe = PROBE.test(head)
      head = ''
      if (isProbe) {
        socket.write(PROBED)
        return
      }
      // What else comes is its body.
      socket.off('data', onData).resume()
      asked += 1
      say(socket)
    }
    socket.on('data', onData)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get asked() {
      return asked
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
