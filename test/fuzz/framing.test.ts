// HTTP by hand, right and broken: what reaches a Broker is plain HTTP, one request for each that Ovate read, and answers
// come in the order of asking.
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { type Random } from '../cluster/random.ts'
import { echoOf } from '../support/echo-broker.ts'
import { inPieces, mutated } from './mutate.ts'
import { COUNT, DEADLINE_MS, fuzz, FUZZ_TIMEOUT_MS, type Fuzzed } from './world.ts'

const METHODS: [string, ...string[]] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']
const DECOY = 'GET /decoy HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc'
const PIECES: [string, ...string[]] = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  '\u0000',
  '\u00ff',
  '\u000b',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Connection: close\r\n',
  'Connection: content-length, host\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: h2c\r\nConnection: Upgrade\r\n',
  'Host: y\r\n',
  ' folded: x\r\n',
  'TE: trailers\r\n',
  'HTTP/1.0',
  'HTTP/2.0',
  '0\r\n\r\n',
  '1;a=b\r\nx\r\n',
  'ffffffffffffffffff\r\n',
  DECOY,
  '%00',
  '%',
  'http://other/',
]

interface Request {
  readonly bytes: Buffer
  readonly echo: string
}

function randomRequest(random: Random, path: string, last: boolean): Request {
  const method = random.pick(METHODS)
  const body = randomBody(random)
  const chunked = body.length > 0 && random.below(2) === 0
  const noise = random.below(2) === 0 ? '' : `X-Noise: ${'\u00e4\t '.repeat(random.below(4))}y\r\n`
  const framing = chunked
    ? 'Transfer-Encoding: chunked\r\n'
    : body.length === 0 && random.below(2) === 0
      ? ''
      : `Content-Length: ${body.length}\r\n`
  const end = last ? 'Connection: close\r\n' : ''
  const head = `${method} ${path} HTTP/1.1\r\nHost: ovate\r\n${noise}${framing}${end}\r\n`
  const onWire = chunked ? inChunks(body, random) : body
  return { bytes: Buffer.concat([Buffer.from(head, 'latin1'), onWire]), echo: echoOf(method, path, body) }
}

function randomBody(random: Random): Buffer {
  switch (random.below(4)) {
    case 0:
      return Buffer.alloc(0)
    case 1:
      return Buffer.from(DECOY)
    case 2:
      return Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)))
    default:
      return Buffer.from(`0\r\n\r\n${DECOY}`)
  }
}

function inChunks(body: Buffer, random: Random): Buffer {
  const parts: Buffer[] = []
  for (const piece of inPieces(body, random)) {
    if (piece.length === 0) continue
    const extension = random.below(3) === 0 ? ';a="b c"' : ''
    const size = piece.length.toString(16)
    const text = random.below(2) === 0 ? size.toUpperCase() : `00${size}`
    parts.push(Buffer.from(`${text}${extension}\r\n`), piece, Buffer.from('\r\n'))
  }
  const trailer = random.below(4) === 0 ? 'X-Behind: 1\r\n' : ''
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)])
}

async function one({ world, random }: Fuzzed, number: number): Promise<string | undefined> {
  const count = 1 + random.below(3)
  const requests = Array.from({ length: count }, (_, index) =>
    randomRequest(random, `/druid/v2/datasources/${number}-${index}`, index === count - 1),
  )
  const right = Buffer.concat(requests.map(({ bytes }) => bytes))
  const isRight = random.below(3) === 0
  const bytes = isRight ? right : mutated(right, random, PIECES)
  const got = await exchanged(world.url, inPieces(bytes, random), !isRight)
  if (got === undefined) return `no end: ${JSON.stringify(bytes.toString('latin1'))}`
  for (const { arrived } of world.brokers) arrived.length = 0
  const echoes = got.match(/\{"method":"[^"]*","path":"[^"]*","body":"[^"]*"\}/g) ?? []
  const expected = requests.map(({ echo }) => echo)
  const foreign = echoes.filter((echo) => !echo.includes(`/datasources/${number}-`) && isRight)
  if (isRight && echoes.join() !== expected.join())
    return `${got} to ${JSON.stringify(bytes.toString('latin1'))}`
  return foreign.length > 0 ? `another's answer: ${foreign.join()}` : undefined
}

/** All that came until the other side ended; undefined when it did not. Who has sent what is broken ends its side. */
function exchanged(url: string, pieces: readonly Buffer[], ends: boolean): Promise<string | undefined> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      socket.destroy()
      resolve(undefined)
    }, DEADLINE_MS)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(late)
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
    for (const piece of pieces) socket.write(piece)
    if (ends) socket.end()
  })
}

test(
  `${COUNT} connections`,
  async () => {
    let number = 0
    let taken = 0
    let given = 0
    const findings = await fuzz('framing', async (fuzzed) => {
      const found = await one(fuzzed, (number += 1))
      taken = fuzzed.world.brokers.reduce((all, broker) => all + broker.taken, 0)
      ;({ given } = fuzzed.world)
      return taken > given ? `${taken} requests reached Brokers, of ${given}` : found
    })
    expect(findings).toEqual([])
    expect(taken).toBeGreaterThan(0)
  },
  FUZZ_TIMEOUT_MS,
)
