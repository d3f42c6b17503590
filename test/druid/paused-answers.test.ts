// Answers behind which the connection ends, while their reader takes nothing: undici (7.30.2) asserts that it isn't paused then.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { connectorOf } from '../../src/druid/connector.ts'
import { dispatch, Exchange, type Head } from '../../src/druid/exchange.ts'

/** More than a reader takes ahead, and less than a socket. */
const PIECE = 'x'.repeat(40_000)
const CHUNKED = `HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${PIECE.length.toString(16)}\r\n${PIECE}`
const LONG = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${PIECE.length}\r\n\r\n${PIECE}`

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

interface Asked {
  readonly head: Head
  readonly exchange: Exchange
  readonly socket: Socket
  /** How often it was told that the connection is free again, or gone. */
  readonly done: () => number
}

/** What a server that sends `answer` is asked; nobody reads yet. */
async function asked(answer: string): Promise<Asked> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.write(answer))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  const client = new Client(`http://127.0.0.1:${port}`, { connect: connectorOf(undefined, 5_000) })
  ends.push(
    () => server.close(),
    () => client.destroy(),
  )
  let done = 0
  const exchange = new Exchange(systemClock, () => (done += 1))
  dispatch(client, { method: 'GET', path: '/', headers: [], body: undefined }, exchange)
  const [socket] = await connected
  return { exchange, head: await exchange.head, socket, done: () => done }
}

/** Till what the other side has sent is here: nothing tells of it where nobody reads. */
const arrived = (): Promise<void> => pause(100)

test.each([
  ['ends', (socket: Socket) => socket.end()],
  ['is reset', (socket: Socket) => socket.resetAndDestroy()],
])('one that is not all here when its connection %s has broken off', async (_, end) => {
  const { head, socket, done } = await asked(CHUNKED)
  await arrived()
  socket.write('\r\n9\r\nhello')
  await arrived()
  end(socket)
  await arrived()
  await expect(buffer(head.body)).rejects.toMatchObject({ code: 'OVATE_BROKER_FAILED' })
  await expect.poll(done).toBe(1)
})

test.each([
  ['a length', LONG],
  ['chunks', `${CHUNKED}\r\n0\r\n\r\n`],
])('one that is all here with %s is whole', async (_, answer) => {
  const { head, socket, done } = await asked(answer)
  socket.end()
  await arrived()
  expect((await buffer(head.body)).length).toBe(PIECE.length)
  await expect.poll(done).toBe(1)
})

test.each([
  ['ends', (socket: Socket) => socket.end()],
  ['is reset', (socket: Socket) => socket.resetAndDestroy()],
])('one that is given up, and waits for its cancel, is done when its connection %s', async (_, end) => {
  const { exchange, head, socket, done } = await asked(CHUNKED.replace(PIECE, 'x'))
  exchange.onAbandoned = () => exchange.giveUp()
  head.body.destroy()
  socket.write(PIECE.slice(0, 100))
  await arrived()
  end(socket)
  await expect.poll(done).toBe(1)
})
