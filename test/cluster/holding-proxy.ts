// A way to a Broker that holds back chosen answers: Druid has computed them, nobody has seen them yet.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import { answerOf, bytesOf } from './forwarding.ts'

export interface HoldingProxy {
  readonly url: string
  /** Holds answers to requests whose body contains `text`; resolves when one is held. */
  hold(text: string): Promise<void>
  /** Lets go of what is held, and holds nothing more. */
  release(): void
  close(): Promise<void>
}

/** Listens on a free port in front of the Broker at `target`. */
export async function startHoldingProxy(target: string): Promise<HoldingProxy> {
  let held: { text: string; reached: () => void; released: Promise<void> } | undefined
  let release = (): void => undefined
  const forward = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bytesOf(incoming)
    const { method, url, headers } = incoming
    const answer = await answerOf(`${target}${url}`, { method, headers }, body)
    const bytes = await bytesOf(answer)
    if (held !== undefined && body.includes(held.text)) {
      held.reached()
      await held.released
    }
    const { 'transfer-encoding': _, trailer: __, ...rest } = answer.headers
    response.writeHead(answer.statusCode ?? 502, { ...rest, 'content-length': bytes.length })
    response.end(bytes)
  }
  const server = createServer((incoming, response) => {
    forward(incoming, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: (text) =>
      new Promise((reached) => {
        held = { text, reached, released: new Promise((resolve) => (release = resolve)) }
      }),
    release: () => {
      held = undefined
      release()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
