// A server that answers before an upload's end and closes, as Jetty does (33.0.0), met at the worst moment.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { Client } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { connectorOf } from '../../src/druid/connector.ts'

const pem = (name: string): string => readFileSync(join(import.meta.dirname, '../fixtures/tls', name), 'utf8')
const OWN = { cert: pem('server.crt'), key: pem('server.key') }
const TRUST = { ca: pem('ca.crt') }
const REFUSAL = 'HTTP/1.1 431 Too Large\r\nConnection: close\r\nContent-Length: 8\r\n\r\ntoo long'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** Starts a server whose connections go to `meet`; a client for it, as for a Broker. */
async function clientOf(meet: (socket: Socket) => void, isSecure: boolean): Promise<Client> {
  const server = isSecure ? createTlsServer(OWN, meet) : createServer(meet)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connect = connectorOf(isSecure ? () => TRUST : undefined, 5_000)
  const client = new Client(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`, { connect })
  ends.push(
    () => server.close(),
    () => client.destroy(),
  )
  return client
}

/** Meets an upload with `answer`, and with a reset for what of it was not read, of which the client hears as it writes on. */
function refuses(upload: PassThrough, answer: string): (socket: Socket) => void {
  return (socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.pause()
      upload.write('not read')
      setImmediate(() => {
        socket.write(answer, () => {
          socket.destroy()
          // The client has had no turn since then.
          for (let times = 0; times < 3; times += 1) upload.write('and on')
        })
      })
    })
  }
}

const send = (client: Client, body: PassThrough): ReturnType<Client['request']> => {
  body.write('first')
  return client.request({ method: 'POST', path: '/', body, headers: { 'content-length': '1000' } })
}

test.each([false, true])(
  'a refusal is read, though the upload could not go on; over TLS: %s',
  async (isSecure) => {
    const upload = new PassThrough()
    const client = await clientOf(refuses(upload, REFUSAL), isSecure)
    const { statusCode, body } = await send(client, upload)
    expect([statusCode, await body.text()]).toEqual([431, 'too long'])
  },
)

test.each([false, true])('where there is none, the request fails; over TLS: %s', async (isSecure) => {
  const upload = new PassThrough()
  const client = await clientOf(refuses(upload, ''), isSecure)
  await expect(send(client, upload)).rejects.toThrow(/^(?:other side closed|\w+ (?:EPIPE|ECONNRESET))$/)
})
