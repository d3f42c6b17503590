// Handshakes that come to nothing.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EchoStack, startEchoStack } from '../support/echo-stack.ts'

const FOLDER = join(import.meta.dirname, '../fixtures/tls')
const REQUEST = 'GET /druid/v2/datasources HTTP/1.1\r\nHost: ovate\r\nConnection: close\r\n\r\n'

let world: EchoStack
const opened: Socket[] = []

beforeEach(async () => {
  const tls = { cert: join(FOLDER, 'server.crt'), key: join(FOLDER, 'server.key') }
  world = await startEchoStack({ listen: { headersTimeout: '500ms', tls } })
})

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy()
  await world.quiet()
  await world.stop()
})

test.each<[string, string | Buffer]>([
  ['never begins', ''],
  ['stops in the middle', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])],
  ['is HTTP', REQUEST],
  ['is none', '\u0016\u0003\u0001hello'],
])('a handshake that %s ends with its connection, and others are served', async (_, text) => {
  const port = Number(new URL(world.url).port)
  const closed: Promise<unknown>[] = []
  for (let number = 0; number < 20; number += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    opened.push(socket)
    closed.push(new Promise<void>((resolve) => socket.once('close', () => resolve())))
    await once(socket, 'connect')
    socket.resume().write(text)
  }
  const good = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  opened.push(good)
  good.write(REQUEST)
  let got = ''
  for await (const chunk of good) got += String(chunk)
  expect(got).toContain('"method":"GET"')
  await Promise.all(closed)
})
