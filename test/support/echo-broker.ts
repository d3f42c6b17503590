// A Broker that takes nothing but HTTP in its plainest form, so that no two programs could read differently what reaches
// it, and answers with what it got: by its answer each request can be told from all others.
import { createHash } from 'node:crypto'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { LRUCache } from 'lru-cache'
import { analyse } from '../../src/sql/analyse.ts'
import { candidatesText } from './candidates.ts'
import { explained } from './scripted.ts'

export interface Arrived {
  readonly method: string
  readonly path: string
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

export interface EchoBroker {
  readonly url: string
  readonly id: string
  /** Requests of clients: probes and what Ovate asks on its own account are left out. Emptied by whoever has read it. */
  readonly arrived: Arrived[]
  /** What was no plain HTTP. */
  readonly wrong: string[]
  /** Requests that reached it, probes left out. */
  readonly taken: number
  close(): Promise<void>
}

/** A path, or a URL which names a user or has no path: Jetty refuses those, and they are for it to refuse. */
const REQUEST_LINE =
  /^([!#$%&'*+.^_`|~\dA-Za-z-]+) (\/[\x21-\x7e\x80-\xff]*|[a-z][a-z\d+.-]*:\/\/(?:[^/?# ]*@[\x21-\x7e\x80-\xff]*|[^/?#@ ]*(?:[?#][\x21-\x7e\x80-\xff]*)?)) HTTP\/1\.1$/i
const HEADER = /^([!#$%&'*+.^_`|~\dA-Za-z-]+): ([\t\x20-\x7e\x80-\xff]*)$/
const CHUNK = /^[\da-f]+$/i

/** Starts one on a free port of 127.0.0.1. */
export async function startEchoBroker(): Promise<EchoBroker> {
  const sockets = new Set<Socket>()
  const arrived: Arrived[] = []
  const wrong: string[] = []
  let taken = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    const reader = new RequestReader((request) => {
      if (!isProbe(request)) taken += 1
      if (isOfClients(request)) arrived.push(request)
      socket.write(answerTo(request))
    })
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk)
      } catch (error) {
        wrong.push(String(error))
        socket.destroy()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    id: `127.0.0.1:${port}`,
    arrived,
    wrong,
    get taken() {
      return taken
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** What is answered to a statement of somebody: the same word to the same question only. */
export function wordFor(authorization: string, { query, parameters, context }: SqlFields): string {
  const zone = context?.['sqlTimeZone']
  return digest(JSON.stringify([authorization, spellingOf(query), parameters ?? [], zone ?? null]))
}

const spellings = new LRUCache<string, string>({ max: 1_000 })

/** Spellings that mean the same may share an answer. */
function spellingOf(query: string): string {
  const known = spellings.get(query)
  if (known !== undefined) return known
  const analysis = analyse(query, { timeZone: undefined, maxLength: 65_536, maxDepth: 64 })
  const spelling = analysis.kind === 'facts' ? analysis.facts.canonical : query
  spellings.set(query, spelling)
  return spelling
}

export interface SqlFields {
  readonly query: string
  readonly parameters?: readonly unknown[] | null
  readonly context?: Readonly<Record<string, unknown>> | null
}

interface AskedFields extends SqlFields {
  readonly resultFormat?: unknown
  readonly sqlTypesHeader?: unknown
}

/** What is answered to anything else. */
export function echoOf(method: string, path: string, body: Buffer): string {
  return JSON.stringify({ method, path, body: digest(body) })
}

function digest(what: string | Buffer): string {
  return createHash('sha256').update(what).digest('hex').slice(0, 32)
}

/** Reads requests from a connection; throws for whatever is not plain to see. */
class RequestReader {
  readonly #done: (request: Arrived) => void
  #bytes: Buffer = Buffer.alloc(0)
  readonly #more: Buffer[] = []
  /** Not before there are so many is it worth another look. */
  #wantedBytes = 0

  constructor(done: (request: Arrived) => void) {
    this.#done = done
  }

  push(chunk: Buffer): void {
    this.#more.push(chunk)
    const cameBytes = this.#more.reduce((all, { length }) => all + length, this.#bytes.length)
    if (cameBytes < this.#wantedBytes) return
    this.#bytes = Buffer.concat([this.#bytes, ...this.#more.splice(0)])
    this.#wantedBytes = 0
    for (;;) {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = headOf(this.#bytes.toString('latin1', 0, end))
      const body = bodyOf(head.headers, this.#bytes.subarray(end + 4))
      if (body === undefined) {
        this.#wantedBytes = end + 4 + Number(head.headers.get('content-length') ?? 0)
        return
      }
      this.#bytes = this.#bytes.subarray(end + 4 + body.lengthOnWire)
      this.#done({ ...head, body: body.bytes })
    }
  }
}

function headOf(text: string): Omit<Arrived, 'body'> {
  const [first = '', ...lines] = text.split('\r\n')
  const [, method, path] = REQUEST_LINE.exec(first) ?? []
  if (method === undefined || path === undefined) throw new Error(`request line ${JSON.stringify(first)}`)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name = '', value] = HEADER.exec(line) ?? []
    if (value === undefined) throw new Error(`header ${JSON.stringify(line)}`)
    const key = name.toLowerCase()
    if (FRAMING.has(key) && headers.has(key)) throw new Error(`${key} twice`)
    headers.set(key, value)
  }
  if (headers.has('content-length') && headers.has('transfer-encoding'))
    throw new Error('two kinds of framing')
  return { method, path, headers }
}

const FRAMING = new Set(['host', 'content-length', 'transfer-encoding'])

interface Body {
  readonly bytes: Buffer
  readonly lengthOnWire: number
}

/** Undefined while not all of it is there. */
function bodyOf(headers: ReadonlyMap<string, string>, bytes: Buffer): Body | undefined {
  const encoding = headers.get('transfer-encoding')
  if (encoding === 'chunked') return chunkedBody(bytes)
  if (encoding !== undefined) throw new Error(`transfer-encoding ${encoding}`)
  const text = headers.get('content-length') ?? '0'
  if (!/^\d+$/.test(text)) throw new Error(`content-length ${text}`)
  const length = Number(text)
  return bytes.length < length ? undefined : { bytes: bytes.subarray(0, length), lengthOnWire: length }
}

function chunkedBody(bytes: Buffer): Body | undefined {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf('\r\n', at)
    if (end < 0) return undefined
    const size = bytes.toString('latin1', at, end)
    if (!CHUNK.test(size)) throw new Error(`chunk ${JSON.stringify(size)}`)
    const from = end + 2
    const length = Number.parseInt(size, 16)
    if (bytes.length < from + length + 2) return undefined
    if (bytes.toString('latin1', from + length, from + length + 2) !== '\r\n')
      throw new Error('end of a chunk')
    if (length === 0) return { bytes: Buffer.concat(chunks), lengthOnWire: from + 2 }
    chunks.push(bytes.subarray(from, from + length))
    at = from + length + 2
  }
}

const OWN = /EXPLAIN PLAN FOR|INFORMATION_SCHEMA\.COLUMNS|LIMIT 0"/

function isProbe({ path }: Arrived): boolean {
  return path === '/status' || path === '/status/health' || path === '/druid/broker/v1/readiness'
}

function isOfClients(request: Arrived): boolean {
  const { method, path, body } = request
  return !(
    isProbe(request) ||
    path.includes('/candidates') ||
    (method === 'POST' && OWN.test(body.toString()))
  )
}

function answerTo(request: Arrived): Buffer {
  const text = bodyTo(request)
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`
  return Buffer.from(request.method === 'HEAD' ? head : head + text)
}

function bodyTo({ method, path, headers, body }: Arrived): string {
  if (path === '/status') return '{"version":"33.0.0"}'
  if (path === '/status/health' || path === '/druid/broker/v1/readiness') return 'true'
  if (path.includes('/candidates')) return candidatesText([{ interval: DAY }])
  if (method !== 'POST' || !/^\/druid\/v2\/sql\/?(?:\?.*)?$/.test(path)) return echoOf(method, path, body)
  const text = body.toString()
  if (text.includes('EXPLAIN PLAN FOR')) return explained({ tables: ['events'] })
  if (text.includes('INFORMATION_SCHEMA.COLUMNS')) return '["n","BIGINT","YES"]\n\n'
  if (/LIMIT 0"/.test(text)) return '[]\n'
  const asked = sqlFieldsIn(text)
  if (asked === undefined) return echoOf(method, path, body)
  const word = wordFor(headers.get('authorization') ?? '', asked)
  const format = String(asked.resultFormat).toLowerCase()
  return asked.sqlTypesHeader === true && format === 'array'
    ? `[["w"],["STRING"],["VARCHAR"],["${word}"]]\n`
    : endedRows(word, format)
}

/** Each format has an end of its own (33.0.0), without which an answer is none. */
function endedRows(word: string, format: string): string {
  switch (format) {
    case 'objectlines':
      return `{"w":"${word}"}\n\n`
    case 'arraylines':
      return `["${word}"]\n\n`
    case 'csv':
      return `${word}\n\n`
    case 'array':
      return `[["${word}"]]\n`
    default:
      return `[{"w":"${word}"}]\n`
  }
}

const DAY = '2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z'

/** The statement that a JSON body asks, if it is one. */
export function sqlFieldsIn(text: string): AskedFields | undefined {
  try {
    const value = JSON.parse(text) as AskedFields | null
    return typeof value === 'object' && typeof value?.query === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
