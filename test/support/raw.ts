// A connection by hand: what goes out is exactly what the test says, and what came in is there as bytes.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface RawConnection {
  readonly socket: Socket
  /** What came so far, as latin1. */
  readonly text: string
  send(text: string | Buffer): void
  /** Resolves with what came once that matches; rejects when the connection ends before. */
  until(pattern: RegExp): Promise<string>
  /** Resolves with all that came when the other side has ended; `reset` when it did not do so properly. */
  end(): Promise<{ readonly text: string; readonly reset: boolean }>
  close(): void
}

/** Connects to a server at `url`; over TLS where that says so, whoever the server is. */
export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname: host, port: number, protocol } = new URL(url)
  const port = Number(number)
  const socket =
    protocol === 'https:' ? connectTls({ port, host, rejectUnauthorized: false }) : connect({ port, host })
  const chunks: Buffer[] = []
  let reset = false
  const ended = new Promise<void>((resolve) => {
    socket.on('end', resolve).on('close', () => resolve())
  })
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {
    reset = true
  })
  await new Promise((resolve) => socket.once('connect', resolve))
  const text = (): string => Buffer.concat(chunks).toString('latin1')
  const until = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(text())) {
      if (socket.destroyed || socket.readableEnded) throw new Error(`ended before ${pattern}: ${text()}`)
      await new Promise<void>((resolve) => {
        const done = (): void => {
          socket.off('data', done).off('close', done).off('end', done)
          resolve()
        }
        socket.on('data', done).on('close', done).on('end', done)
      })
    }
    return text()
  }
  return {
    socket,
    get text() {
      return text()
    },
    send: (data) => socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data),
    until,
    end: async () => {
      await ended
      return { text: text(), reset }
    },
    close: () => socket.destroy(),
  }
}

/** A request with a JSON body, as it goes over the wire. */
export function rawPost(path: string, body: string | Buffer, headers: readonly string[] = []): string {
  const bytes = Buffer.from(body)
  const head = [
    'Host: ovate',
    'Content-Type: application/json',
    `Content-Length: ${bytes.length}`,
    ...headers,
  ]
  return `POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${bytes.toString('latin1')}`
}

/** A body without the frames of its chunks. */
export function unchunked(text: string): string {
  let body = ''
  for (let at = 0; ;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (!(size > 0)) return body
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}

/** Ids that a server makes. */
export const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g
