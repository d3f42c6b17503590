// What clients and servers say to each other, byte by byte, as it passes: programs are watched without knowing.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** The head of a request or an answer, as sent. */
export interface Head {
  /** The method and path, or the status. */
  readonly line: string
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
}

export interface Recorder {
  readonly port: number
  /** For each connection, what was asked on it. */
  requests(): readonly (readonly Head[])[]
  answers(): readonly Head[]
  /** Forgets what was recorded. */
  clear(): void
  close(): Promise<void>
}

export interface RecorderOptions {
  /** Requests lose their Accept-Encoding on the way. */
  readonly plain?: boolean
}

interface Talk {
  sent: Buffer[]
  got: Buffer[]
  open: boolean
}

const REQUEST = /(?:GET|POST|DELETE) \S+ HTTP\/1\.1\r\n(?:[^\r\n]+\r\n)*\r\n/g
const ANSWER = /HTTP\/1\.1 \d{3}[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/g

/** Starts one before a port of 127.0.0.1. */
export async function startRecorder(targetPort: number, options: RecorderOptions = {}): Promise<Recorder> {
  const sockets = new Set<Socket>()
  let talks: Talk[] = []
  const server = createServer((client) => {
    const behind = connect(targetPort, '127.0.0.1')
    const talk: Talk = { sent: [], got: [], open: true }
    client.on('close', () => (talk.open = false))
    talks.push(talk)
    forward(client, behind, (bytes) => {
      talk.sent.push(bytes)
      return options.plain === true ? withoutEncodings(bytes) : bytes
    })
    forward(behind, client, (bytes) => {
      talk.got.push(bytes)
      return bytes
    })
    for (const socket of [client, behind]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => talks.map(({ sent }) => headsIn(sent, REQUEST)).filter((heads) => heads.length > 0),
    answers: () => talks.flatMap(({ got }) => headsIn(got, ANSWER)),
    clear: () => {
      talks = talks.filter(({ open }) => open)
      for (const talk of talks) Object.assign(talk, { sent: [], got: [] })
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

function forward(from: Socket, to: Socket, look: (bytes: Buffer) => Buffer): void {
  from.on('data', (bytes: Buffer) => {
    if (to.destroyed || to.write(look(bytes))) return
    from.pause()
    to.once('drain', () => from.resume())
  })
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
}

/** Under a name of the same length that says nothing: lengths stay as they are. */
function withoutEncodings(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replaceAll(/\r\naccept-encoding:/gi, '\r\nx-no-such-thing:')
  return Buffer.from(text, 'latin1')
}

function headsIn(pieces: readonly Buffer[], pattern: RegExp): readonly Head[] {
  return [...Buffer.concat(pieces).toString('latin1').matchAll(pattern)].map(([text]) => {
    const [first = '', ...lines] = text.trimEnd().split('\r\n')
    const headers = lines.map((line): [string, string] => {
      const at = line.indexOf(':')
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()]
    })
    return { line: first.replace(/ ?HTTP\/1\.1 ?/, ''), headers: new Map(headers) }
  })
}
