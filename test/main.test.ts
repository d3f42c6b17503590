import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { WORDS } from '../src/app/verify/report.ts'
import { FULL, ovate, type Run } from './support/ovate-command.ts'

const LIMIT_MS = 180_000

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

// Nobody listens on port 1.
const ALONE = {
  OVATE_LISTEN_HOST: '127.0.0.1',
  OVATE_LISTEN_PORT: '0',
  OVATE_ADMIN_PORT: '0',
  OVATE_DRUID_BROKERS: 'http://127.0.0.1:1',
}

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures/tls', name)
const MISFITS = {
  OVATE_LISTEN_TLS_CERT: fixture('server.crt'),
  OVATE_LISTEN_TLS_KEY: fixture('client.key'),
}

async function busyPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  return address !== null && typeof address === 'object' ? String(address.port) : ''
}

/** Of Linux: the first port that everybody may listen at. */
function startOfPorts(): number {
  const file = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
}

async function freePort(): Promise<string> {
  const port = await busyPort()
  const server = servers.pop()
  server?.close()
  return port
}

describe('the exit code', () => {
  test.each<[string, readonly string[], Record<string, string>, number, string]>([
    ['0: the version was asked for', ['--version'], {}, 0, ''],
    ['2: an unknown command', ['fly'], {}, 2, "unknown command 'fly'"],
    ['2: an unknown option', ['serve', '--fast'], {}, 2, "unknown option '--fast'"],
    ['2: a port that is none', ['demo', '--port', '99999'], {}, 2, 'a port is a whole number'],
    ['2: no configuration', ['serve'], {}, 2, 'exactly one of zookeeper, brokers, bootstrap'],
    ['2: a file that is not there', ['serve', '-c', '/nowhere/x'], {}, 2, "/nowhere/x can't be read"],
    ['2: a key that is of another certificate', ['serve'], { ...ALONE, ...MISFITS }, 2, 'listen.tls: '],
    ['1: no Broker answers the check', ['check'], ALONE, 1, ''],
    ['2: nothing to verify', ['verify'], {}, 2, "required option '--sql <file>'"],
    [
      '2: nothing to verify against',
      ['verify', '--sql', 'package.json'],
      {},
      2,
      'nothing says where Druid is',
    ],
    ['2: a setting that is none', ['settings', 'set', 'shared'], {}, 2, '"shared" is no key=value'],
    ['2: a token by no variable', ['settings', 'get', '--token', 'NOT_SET'], {}, 2, '--token wants the name'],
    [
      '1: nobody to be asked for settings',
      ['settings', 'get', '-d', 'a/b', '--admin', 'http://127.0.0.1:1'],
      {},
      1,
      "no operator's listener of Ovate answers at http://127.0.0.1:1/ovate/settings/a%2Fb",
    ],
    ['2: a round that is none', ['verify', '--sql', 'x', '--rounds', '0'], {}, 2, 'a whole number from 1'],
  ])(
    'is %s',
    async (_, args, settings, exit, message) => {
      const result = await ovate(args, settings).done
      expect(result.exit).toBe(exit)
      expect(result.err).toContain(message)
    },
    LIMIT_MS,
  )

  test.each(['OVATE_LISTEN_PORT', 'OVATE_ADMIN_PORT'])(
    'is 1 where a port is taken: %s',
    async (variable) => {
      const result = await ovate(['serve'], { ...ALONE, [variable]: await busyPort() }).done
      expect(result).toMatchObject({ exit: 1, out: '' })
      expect(result.err).toMatch(/^port \d+ of 127\.0\.0\.1 is taken: .*\n$/)
    },
    LIMIT_MS,
  )

  // Privileged ports are those below 1024, unless the kernel was told otherwise; root may use all of them.
  test.runIf(process.getuid?.() !== 0 && startOfPorts() > 80)(
    'is 1 where a port is not for this user',
    async () => {
      const result = await ovate(['serve'], { ...ALONE, OVATE_LISTEN_PORT: '80' }).done
      expect(result).toMatchObject({ exit: 1, out: '' })
      expect(result.err).toMatch(/^port 80 of 127\.0\.0\.1 may not be listened at by this user: .*\n$/)
    },
    LIMIT_MS,
  )

  // Of the test network 192.0.2.0/24 (RFC 5737) no machine has an address, and no name ends with .invalid (RFC 6761).
  test.each([
    ['OVATE_LISTEN_HOST', 'nowhere.invalid'],
    ['OVATE_LISTEN_HOST', '[::1]'],
    ['OVATE_ADMIN_HOST', '192.0.2.1'],
  ])(
    'is 1 where an address is not of this machine: %s %s',
    async (variable, host) => {
      const result = await ovate(['serve'], { ...ALONE, OVATE_ADMIN_TOKEN: 'x', [variable]: host }).done
      expect(result).toMatchObject({ exit: 1, out: '' })
      const [line, ...others] = result.err.split('\n').filter((one) => !one.startsWith('{'))
      expect(line?.startsWith(`${host} is no address of this machine`)).toBe(true)
      expect(line).toContain('listen.host, admin.host')
      expect(others).toEqual([''])
    },
    LIMIT_MS,
  )
})

test(
  'a configuration with mistakes: all of them on stderr, nothing on stdout',
  async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ovate-main-')), 'ovate.yaml')
    writeFileSync(file, 'listen: {prot: 1}\nfreshness: {head: soon}\n')
    const result = await ovate(['serve', '--config', file], { OVATE_CACHE_SIZE: 'big' }).done
    expect(result).toMatchObject({ exit: 2, out: '' })
    for (const path of ['listen.prot', 'freshness.head', 'cache.size', 'druid:'])
      expect(result.err).toContain(path)
  },
  LIMIT_MS,
)

test.each(['SIGTERM', 'SIGINT'] as const)(
  'serve says where it answers, as the only line on stdout, and ends well on %s',
  async (signal) => {
    const run = ovate(['serve'], ALONE)
    await expect.poll(run.out, { timeout: LIMIT_MS / 2, interval: 50 }).toContain('\n')
    const url = /^ovate ready on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(run.out())?.[1]
    const answer = await fetch(`${url ?? ''}/druid/v2/sql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query": "SELECT 1"}',
    })
    expect(answer.status).toBe(503)
    await answer.text()
    run.child.kill(signal)
    const result = await run.done
    expect(result.exit).toBe(0)
    expect(result.out).toBe(run.out())
    expect(result.out.split('\n')).toHaveLength(2)
  },
  LIMIT_MS,
)

/** A start that waits: for a ZooKeeper that takes connections and says nothing. */
async function waitingStart(): Promise<Run> {
  const silent = createServer().listen(0, '127.0.0.1')
  servers.push(silent)
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const run = ovate(['serve'], { ...ALONE, OVATE_COORDINATION_CONNECT: `127.0.0.1:${port}` })
  const [socket] = (await once(silent, 'connection')) as [Socket]
  socket.on('error', () => undefined)
  return run
}

describe('a start that waits', () => {
  test(
    'goes on after SIGHUP, as under nohup',
    async () => {
      const run = await waitingStart()
      run.child.kill('SIGHUP')
      const isOver = (): boolean => run.child.exitCode !== null || run.child.signalCode !== null
      await expect
        .poll(() => isOver() || run.out().includes('\n'), { timeout: LIMIT_MS / 2, interval: 50 })
        .toBe(true)
      expect(run.out()).toMatch(/^ovate ready on /)
      run.child.kill('SIGTERM')
      expect((await run.done).exit).toBe(0)
    },
    LIMIT_MS,
  )

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'ends well on %s, before it answers anything',
    async (signal) => {
      const run = await waitingStart()
      run.child.kill(signal)
      const { exit, out, err } = await run.done
      expect([exit, out]).toEqual([0, ''])
      expect(err).not.toContain('no settings from ZooKeeper')
    },
    LIMIT_MS,
  )
})

describe.runIf(existsSync(FULL))('where nothing can be written', () => {
  test(
    'serve answers, and ends well',
    async () => {
      const port = await freePort()
      const run = ovate(['serve'], { ...ALONE, OVATE_LISTEN_PORT: port }, ['stdout', 'stderr'])
      const status = async (): Promise<number | undefined> =>
        await fetch(`http://127.0.0.1:${port}/status/health`).then(
          (answer) => answer.status,
          () => undefined,
        )
      const answers = async (): Promise<boolean> => run.child.exitCode !== null || (await status()) === 200
      await expect.poll(answers, { timeout: LIMIT_MS / 2, interval: 50 }).toBe(true)
      run.child.kill('SIGTERM')
      expect((await run.done).exit).toBe(0)
    },
    LIMIT_MS,
  )

  test(
    'a command whose output is lost fails, and says so',
    async () => {
      const result = await ovate(['explain', 'SELECT 1'], {}, ['stdout']).done
      expect(result.exit).toBe(1)
      expect(result.err).toMatch(/^stdout can't be written: .*ENOSPC.*\n$/)
    },
    LIMIT_MS,
  )
})

test(
  'a second signal does not wait for what still runs',
  async () => {
    const run = ovate(['serve'], { ...ALONE, OVATE_DRUID_NO_BROKER_WAIT: '50s' })
    await expect.poll(run.out, { timeout: LIMIT_MS / 2, interval: 50 }).toContain('\n')
    const url = run.out().trim().split(' ').at(-1) ?? ''
    const refused = fetch(`${url}/status`).then(
      () => 'answered',
      () => 'cut',
    )
    // Answered after the request before it was taken in, so that one runs when the signal comes.
    expect(await (await fetch(`${url}/status/health`)).json()).toBe(true)
    run.child.kill('SIGTERM')
    const closed = async (): Promise<boolean> => {
      const second = await fetch(`${url}/status/health`).catch(() => undefined)
      return second === undefined
    }
    await expect.poll(closed, { timeout: LIMIT_MS / 2, interval: 50 }).toBe(true)
    expect(run.child.exitCode).toBeNull()
    run.child.kill('SIGTERM')
    expect((await run.done).exit).toBe(1)
    expect(await refused).toBe('cut')
  },
  LIMIT_MS,
)

test.each([
  [0, 'alike', '1'],
  [1, 'NOT ALIKE', '2'],
])(
  'verify ends with %d where answers are %s',
  async (exit, words, value) => {
    const folder = mkdtempSync(join(tmpdir(), 'ovate-verify-'))
    const [sql, json] = [join(folder, 'statements.sql'), join(folder, 'report.json')]
    writeFileSync(sql, 'SELECT COUNT(*) AS n FROM t;\n')
    const [ovateUrl, druidUrl] = [await answering('1'), await answering(value)]
    const args = ['--sql', sql, '--ovate', ovateUrl, '--druid', druidUrl, '--rounds', '2', '--json', json]
    const result = await ovate(['verify', ...args]).done
    expect(result).toMatchObject({ exit, err: 'round 1 of 2\nround 2 of 2\n' })
    expect(result.out).toContain(`1 statements, 2 rounds: 1 ${exit === 0 ? 'same' : 'different'}: ${words}\n`)
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ alike: exit === 0, rounds: 2 })
  },
  LIMIT_MS,
)

test(
  'the help of verify explains each word of its report, as operating.md does',
  async () => {
    const { exit, out } = await ovate(['verify', '--help']).done
    const inHelp = [...out.matchAll(/^ {2}(\S+(?: \S+)*) {2,}\S/gm)].map(([, word]) => word)
    const docs = readFileSync('docs/operating.md', 'utf8')
    expect(exit).toBe(0)
    for (const word of Object.values(WORDS)) {
      expect(inHelp).toContain(word)
      expect(docs).toContain(`\n| ${word} | `)
    }
    expect(out).not.toContain('both refuse')
  },
  LIMIT_MS,
)

test(
  'verify ends with 1 where it had nothing to compare',
  async () => {
    const sql = join(mkdtempSync(join(tmpdir(), 'ovate-verify-')), 'statements.sql')
    writeFileSync(sql, 'SELECT COUNT(*) AS n FROM t;\n')
    const url = await answering('1', 401)
    const result = await ovate(['verify', '--sql', sql, '--ovate', url, '--druid', url]).done
    expect(result.exit).toBe(1)
    expect(result.out).toContain('NOTHING COMPARED')
  },
  LIMIT_MS,
)

/** Something that answers every statement with one row. */
async function answering(value: string, status = 200): Promise<string> {
  const server = createHttpServer((_, response) => {
    response.writeHead(status).end(`[["n"],["LONG"],["BIGINT"],[${value}]]\n`)
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const address = server.address()
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
}

test(
  'explain needs neither a Broker nor a configuration',
  async () => {
    const result = await ovate(['explain', '--json', 'SELECT COUNT(*) FROM events']).done
    expect(result).toMatchObject({ exit: 0, err: '' })
    expect(JSON.parse(result.out)).toMatchObject({ plan: 'merge', reasons: [], tables: ['events'] })
  },
  LIMIT_MS,
)
