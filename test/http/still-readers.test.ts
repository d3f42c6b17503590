// A connection that has ended on this side, and does not on the other.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSockets } from '../../src/http/open-sockets.ts'
import { cutStillReaders } from '../../src/http/still-readers.ts'

const server = createServer(({ socket }) => socket.end('over'))

beforeEach(async () => {
  cutStillReaders(server, openSockets(server), 100)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

test('is cut, whatever its client goes on to send', async () => {
  const { port } = server.address() as AddressInfo
  const staying = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  staying
    .on('error', () => undefined)
    .resume()
    .write('GET / HTTP/1.1\r\nHost: ovate\r\n\r\n')
  await once(staying, 'end')
  const sending = setInterval(() => staying.write('\r\n'), 20)
  await new Promise((resolve) => staying.once('close', resolve))
  clearInterval(sending)
  expect(await promisify(server.getConnections.bind(server))()).toBe(0)
})
