// A server of the test's own that speaks Redis's protocol and misbehaves on order.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export interface Call {
  /** The command and its arguments as they came. */
  readonly parts: readonly Buffer[]
  /** Writes bytes, as they are, on the connection of the call. */
  readonly reply: (bytes: Buffer | string) => void
  readonly cut: () => void
}

export class ScriptedRedis {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #waiting: { count: number; resolve: () => void }[] = []
  /** What is answered at once to AUTH and to the client's name. */
  greeting = { auth: '+OK\r\n', client: '+OK\r\n' }
  /** All other calls, until the test takes them. */
  readonly calls: Call[] = []
  connections = 0

  constructor() {
    this.#server = createServer((socket) => this.#serve(socket))
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resolves when so many calls wait for an answer. */
  waiting(count: number): Promise<void> {
    if (this.calls.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ count, resolve }))
  }

  /** The oldest call that waits. */
  next(): Call {
    const call = this.calls.shift()
    if (call === undefined) throw new Error('nobody asked')
    return call
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket): void {
    this.connections += 1
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    let bytes = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      for (let read = readCall(bytes); read !== undefined; read = readCall(bytes)) {
        bytes = bytes.subarray(read.length)
        this.#take(socket, read.parts)
      }
    })
  }

  #take(socket: Socket, parts: readonly Buffer[]): void {
    const command = String(parts[0]).toLowerCase()
    if (command === 'auth' || command === 'client') {
      socket.write(this.greeting[command])
      return
    }
    this.calls.push({ parts, reply: (bytes) => socket.write(bytes), cut: () => socket.destroy() })
    for (const { count, resolve } of this.#waiting) if (this.calls.length >= count) resolve()
  }
}

/** A bulk string. */
export function bulk(bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes)
  return Buffer.concat([Buffer.from(`$${content.length}\r\n`), content, Buffer.from('\r\n')])
}

// A call is an array of bulk strings: `*2\r\n$3\r\nGET\r\n$1\r\na\r\n`.
function readCall(bytes: Buffer): { parts: Buffer[]; length: number } | undefined {
  const head = lineAt(bytes, 0)
  if (head === undefined) return undefined
  const parts: Buffer[] = []
  let at = head.next
  for (let part = 0; part < Number(head.text.slice(1)); part += 1) {
    const line = lineAt(bytes, at)
    if (line === undefined) return undefined
    const end = line.next + Number(line.text.slice(1))
    if (bytes.length < end + 2) return undefined
    parts.push(bytes.subarray(line.next, end))
    at = end + 2
  }
  return { parts, length: at }
}

function lineAt(bytes: Buffer, at: number): { text: string; next: number } | undefined {
  const end = bytes.indexOf('\r\n', at)
  return end < 0 ? undefined : { text: bytes.toString('latin1', at, end), next: end + 2 }
}
