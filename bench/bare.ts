// The least that Node does: what a server and a proxy of a few lines cost here, to measure Ovate's own share by.
import { request as httpRequest, createServer, Agent } from 'node:http'
import { type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Program, start } from './program.ts'

export interface Bare extends Program {
  readonly url: string
}

/** `answer`: asks `upstream` once, and gives those bytes ever after. `proxy`: asks it each time. */
export async function startBare(kind: 'answer' | 'proxy', upstream: string, core?: number): Promise<Bare> {
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), kind, upstream]
  const started = start({ command: process.execPath, args, core })
  const { stdout } = started.child
  if (stdout === null) throw new Error('no stdout')
  for await (const url of createInterface(stdout)) {
    stdout.resume()
    return { ...started, url }
  }
  throw new Error('the bare server did not start')
}

function serve(kind: string, upstream: string): void {
  const agent = new Agent({ keepAlive: true })
  let known: Buffer | undefined
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const send = (bytes: Buffer): void => {
        response.writeHead(200, ['Content-Type', 'application/json', 'Content-Length', String(bytes.length)])
        response.end(bytes)
      }
      if (known !== undefined) return send(known)
      const body = Buffer.concat(parts)
      const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
      const options = { method: 'POST', headers, agent }
      const sent = httpRequest(upstream + (request.url ?? ''), options, (answer) => {
        if (kind === 'proxy') {
          response.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json' })
          answer.pipe(response)
          return
        }
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => send((known = Buffer.concat(chunks))))
      })
      sent.on('error', () => response.destroy())
      sent.end(body)
    })
  })
  server.listen(0, '127.0.0.1', () => {
    console.info(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  })
}

const [, file, kind, upstream] = process.argv
if (file === fileURLToPath(import.meta.url) && kind !== undefined && upstream !== undefined)
  serve(kind, upstream)
