// `ovate serve` over sockets: certificates that are renewed while it runs, a log that stands still, and Brokers in front of
// which it must not stand.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { createServer, request } from 'node:https'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { startFakeBroker } from '../support/fake-broker.ts'
import { ask } from '../support/http-client.ts'
import { ovate, type Run } from '../support/ovate-command.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/tls')
/** A hang is to be told, not slowness. */
const LIMIT_MS = 240_000
const POLL = { timeout: LIMIT_MS / 4, interval: 50 }

const ends: (() => unknown)[] = []
let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ovate-serve-'))
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
  rmSync(dir, { recursive: true })
})

function serve(settings: Record<string, Record<string, unknown>>): Run {
  const file = join(dir, 'ovate.yaml')
  const listen = { host: '127.0.0.1', port: 0, drain: '0s', ...settings['listen'] }
  writeFileSync(file, stringify({ ...settings, listen, admin: { port: 0 } }))
  return ovate(['serve', '--config', file])
}

async function urlOf(run: Run): Promise<string> {
  await expect.poll(run.out, POLL).toContain('\n')
  return /^ovate ready on (\S+)\n$/.exec(run.out())?.[1] ?? ''
}

/** How often the log has told of an event. */
function told(run: Run, event: string, level: string): number {
  const lines = run.err().split('\n')
  return lines.filter((line) => line.includes(`"event":"${event}"`) && line.includes(`"level":"${level}"`))
    .length
}

/** A Broker on HTTPS whose rows are the name in the certificate that it was shown; each answer ends its connection. */
async function secureBroker(): Promise<string> {
  const pem = (name: string): Buffer => readFileSync(join(FIXTURES, name))
  const own = { cert: pem('server.crt'), key: pem('server.key') }
  const options = { ...own, requestCert: true, rejectUnauthorized: false }
  const server = createServer(options, (incoming, response) => {
    const subject: unknown = (incoming.socket as TLSSocket).getPeerCertificate().subject
    response.setHeader('Connection', 'close')
    const rows = [{ shown: (subject as { CN?: string } | undefined)?.CN ?? 'none' }]
    response.end(`${JSON.stringify(rows)}\n`)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The names in the certificates that a new connection is shown: the client by Ovate, and the Broker by Ovate. */
async function shown(url: string): Promise<readonly string[]> {
  return await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const options = { method: 'POST', headers, agent: false, rejectUnauthorized: false }
    const sent = request(`${url}/druid/v2/sql`, options, (response) => {
      const own = String((response.socket as TLSSocket).getPeerCertificate().subject.CN)
      const toBroker = (body: Buffer): string =>
        /"shown":"([^"]*)"/.exec(body.toString())?.[1] ?? String(body)
      buffer(response).then((body) => resolve([own, toBroker(body)]), reject)
    })
    sent.on('error', reject)
    // What is passed on is asked for each time.
    sent.end('{"query":"SELECT 1"}')
  })
}

test(
  'new certificates hold on both sides without a restart, and files that are no good change nothing',
  async () => {
    const files = (side: string): Record<'cert' | 'key', string> => ({
      cert: join(dir, `${side}.crt`),
      key: join(dir, `${side}.key`),
    })
    const put = (side: string, fixture: string): void => {
      copyFileSync(join(FIXTURES, `${fixture}.crt`), files(side).cert)
      copyFileSync(join(FIXTURES, `${fixture}.key`), files(side).key)
    }
    put('listener', 'server')
    put('brokers', 'client')
    const broker = await secureBroker()
    const run = serve({
      listen: { tls: files('listener') },
      druid: { brokers: [broker], tls: { ca: join(FIXTURES, 'ca.crt'), ...files('brokers') } },
    })
    const url = await urlOf(run)
    const [server, client] = ['Ovate test server', 'Ovate test client']
    await expect.poll(() => shown(url), POLL).toEqual([server, client])
    for (const side of ['listener', 'brokers']) writeFileSync(files(side).cert, 'nonsense')
    await expect.poll(() => told(run, 'certificates', 'error'), POLL).toBe(1)
    await expect.poll(() => told(run, 'certificates-bad', 'error'), POLL).toBe(1)
    expect(await shown(url)).toEqual([server, client])
    put('listener', 'client')
    put('brokers', 'server')
    await expect.poll(() => told(run, 'certificates', 'info'), POLL).toBe(1)
    await expect.poll(() => told(run, 'certificates-new', 'info'), POLL).toBe(1)
    expect(await shown(url)).toEqual([client, server])
    run.child.kill('SIGTERM')
    expect((await run.done).exit).toBe(0)
  },
  LIMIT_MS,
)

test(
  'a log that nobody reads holds up neither requests nor the end',
  async () => {
    const run = serve({ druid: { brokers: ['http://127.0.0.1:1'], noBrokerWait: '0s' } })
    const url = await urlOf(run)
    run.child.stderr?.pause()
    const agent = new Agent({ keepAlive: true, maxSockets: 20 })
    ends.push(() => agent.destroy())
    const get = async (path: string): Promise<number> =>
      (await ask(`${url}${path}`, { method: 'GET', agent })).status
    // Two lines of more than 100 bytes each: more than a pipe and its reader take together.
    const refused = await Promise.all(Array.from({ length: 3_000 }, () => get('/druid/v2/datasources')))
    expect(new Set(refused)).toEqual(new Set([503]))
    expect(await get('/status/health')).toBe(200)
    run.child.kill('SIGTERM')
    expect(await once(run.child, 'exit')).toEqual([0, null])
  },
  LIMIT_MS,
)

// As it is sent to all of a session when its terminal goes; Node takes off what `nohup` had said of it.
test(
  'SIGHUP ends nothing where there is no terminal',
  async () => {
    // Nobody listens on port 1.
    const run = serve({ druid: { brokers: ['http://127.0.0.1:1'] } })
    const url = await urlOf(run)
    for (let times = 0; times < 2; times += 1) {
      run.child.kill('SIGHUP')
      expect((await fetch(`${url}/status/health`)).status).toBe(200)
    }
    run.child.kill('SIGTERM')
    expect((await run.done).exit).toBe(0)
  },
  LIMIT_MS,
)

describe('where Druid knows users', () => {
  const placed = async (type: string, status = 200): Promise<string> => {
    const broker = await startFakeBroker(({ path }, response) => {
      const chain = { 'druid.auth.authenticatorChain': '["a"]', 'druid.auth.authenticator.a.type': type }
      if (path === '/status/properties') response.writeHead(status).end(JSON.stringify(chain))
      else response.writeHead(200, { 'Content-Type': 'application/json' }).end('[]\n')
    })
    ends.push(() => broker.kill())
    return broker.url
  }

  test(
    'by address, it ends with exit code 2 and says why',
    async () => {
      const run = serve({ druid: { brokers: [await placed('trustedDomain')] } })
      const { exit, err } = await run.done
      expect(exit).toBe(2)
      expect(err).toMatch(/^Druid \(trustedDomain\) tells users apart by their address.*unseenByDruid$/m)
      expect(told(run, 'identities', 'error')).toBe(1)
    },
    LIMIT_MS,
  )

  test.each<[string, string, number, readonly string[], string]>([
    ['by address, which it was told', 'trustedDomain', 200, ['address'], 'warn'],
    ['by Authorization', 'basic', 200, [], 'info'],
    ['and it may not look how', 'trustedDomain', 403, [], 'warn'],
  ])(
    '%s, it stands and says so once',
    async (_, type, status, unseenByDruid, level) => {
      const run = serve({ druid: { brokers: [await placed(type, status)] }, identity: { unseenByDruid } })
      await urlOf(run)
      await expect.poll(() => told(run, 'identities', level), POLL).toBe(1)
      run.child.kill('SIGTERM')
      expect((await run.done).exit).toBe(0)
    },
    LIMIT_MS,
  )
})
