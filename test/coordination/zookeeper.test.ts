// Sessions on a native client that the test plays: what the package does on its own bad days. The real one is tested
// in test/cluster, since it needs a ZooKeeper.
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type NativeClient, type NativeConstructor } from '../../src/coordination/native.ts'
import {
  connectZooKeeper,
  type ZooKeeperCoordination,
  type ZooKeeperOptions,
} from '../../src/coordination/zookeeper.ts'
import { until } from '../support/until.ts'

type Done = (code: number, text: string, ...values: unknown[]) => void

/** A client that answers when the test says so. */
class PlayedClient extends EventEmitter implements Record<'native', unknown> {
  readonly asked: { call: string; path: string; watch: boolean; done: Done }[] = []
  readonly auths: string[] = []
  options: Record<string, unknown> = {}
  begun = false
  closed = false
  readonly native: NativeClient

  constructor() {
    super()
    const asking = (call: string) => (path: string, watch: boolean, done: unknown) => {
      this.asked.push({ call, path, watch, done: done as Done })
      return askCode
    }
    this.native = {
      init: (options) => {
        this.options = options
        this.begun = initError === undefined
        return initError
      },
      close: () => {
        this.closed = true
        this.emit('close', this, 0)
      },
      a_get: asking('get'),
      a_get_children: asking('children'),
      a_exists: asking('exists'),
      a_create: (path, data, flags, done) => asking(`create ${flags} ${String(data)}`)(path, false, done),
      a_set: (path, data, version, done) => asking(`set ${version} ${String(data)}`)(path, false, done),
      a_delete_: (path, version, done) => asking(`delete ${version}`)(path, false, done),
      a_set_acl: (path, _version, acl, done) => asking(`acl ${JSON.stringify(acl)}`)(path, false, done),
      a_sync: (path, done) => asking('sync')(path, false, done),
      add_auth: (scheme, credentials) => {
        this.auths.push(`${scheme} ${credentials}`)
        return 0
      },
    }
    clients.push(this)
  }

  get last(): (typeof this.asked)[number] {
    return this.asked.at(-1)!
  }
}

let clients: PlayedClient[]
let initError: Error | undefined
let askCode: number
let coordination: ZooKeeperCoordination
let states: string[]
let errors: string[]

beforeEach(() => {
  clients = []
  states = []
  errors = []
  initError = undefined
  askCode = 0
})

afterEach(() => coordination.close())

async function begin(options: Partial<ZooKeeperOptions> = {}): Promise<PlayedClient> {
  coordination = await connectZooKeeper({
    connect: '10.0.0.1:2181/chroot',
    native: PlayedClient as unknown as NativeConstructor,
    sessionTimeoutMs: 60_000,
    operationTimeoutMs: 200,
    retryMs: 5,
    onError: ({ message }) => errors.push(message),
    ...options,
  })
  coordination.onState((state) => states.push(state))
  await until(() => clients.length > 0)
  return clients[0]!
}

const soon = (): AbortSignal => AbortSignal.timeout(10_000)

test('begins a session with addresses, a chroot, and no early end for a process that stood still', async () => {
  const client = await begin({ auth: 'user:secret' })
  expect(client.options).toMatchObject({ connect: '10.0.0.1:2181/chroot', timeout: 60_000 })
  expect(Number(client.options['response_counter_limit'])).toBeGreaterThanOrEqual(1_000)
  expect(client.auths).toEqual(['digest user:secret'])
  expect(coordination.state).toBe('connecting')
})

test('tells a break from a loss, and begins anew with a new client after a loss', async () => {
  const client = await begin()
  client.emit('connect', client)
  client.emit('connecting', client)
  client.emit('connect', client)
  client.emit('close', client, -112)
  await until(() => clients.length === 2)
  clients[1]!.emit('connect', clients[1])
  expect(states).toEqual(['connected', 'suspect', 'connected', 'lost', 'connected'])
  expect(errors).toEqual(['the session ended (-112); another is begun'])
})

test('a new session that finds no server yet is no suspect one, and its watches still tell', async () => {
  const client = await begin()
  const changed = vi.fn<() => void>()
  const read = coordination.children('/a', changed, soon())
  client.last.done(0, 'ok', [])
  await read
  client.emit('connecting')
  expect(states).toEqual([])
  client.emit('connect')
  expect(changed).toHaveBeenCalledTimes(1)
})

test('an Error that init returns is not lost', async () => {
  initError = new Error('bad')
  await begin()
  await until(() => errors.length >= 2)
  expect(errors[0]).toBe('cannot begin: bad')
  initError = undefined
  await until(() => clients.at(-1)?.begun === true)
  clients.at(-1)!.emit('connect')
  await until(() => coordination.state === 'connected')
})

test('gives up a client that finds no server for longer than its session could live', async () => {
  const client = await begin({ sessionTimeoutMs: 50 })
  await until(() => clients.length >= 2)
  expect(client.closed).toBe(true)
  expect(coordination.state).toBe('connecting')
})

test('tries in vain do not put that off', async () => {
  const client = await begin({ sessionTimeoutMs: 200 })
  client.emit('connect')
  const tries = setInterval(() => client.emit('connecting'), 20)
  await vi.waitUntil(() => clients.length >= 2, { timeout: 5_000 })
  clearInterval(tries)
  expect(states).toEqual(['connected', 'suspect', 'lost'])
})

test('an operation that is never answered ends by its own deadline', async () => {
  const client = await begin()
  client.emit('connect')
  await expect(coordination.read('/a', undefined, soon())).rejects.toThrow('/a: no answer within 200 ms')
})

test('an operation ends with its signal', async () => {
  await begin()
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(coordination.read('/a', undefined, signal)).rejects.toThrow('enough')
})

test('a call that the client refuses is never called back, and fails at once', async () => {
  askCode = -9
  await begin()
  await expect(coordination.children('/a', undefined, soon())).rejects.toMatchObject({
    code: 'OVATE_ZOOKEEPER',
    message: 'listing /a: invalid state (-9)',
  })
})

test('errors are known by their number', async () => {
  const client = await begin()
  const read = coordination.read('/a', undefined, soon())
  client.last.done(-102, 'not authenticated', null, null)
  await expect(read).rejects.toThrow('reading /a: no authority')
})

test('transaction ids keep their 64 bits', async () => {
  const client = await begin()
  const read = coordination.read('/a', undefined, soon())
  client.last.done(0, 'ok', { czxid: 2 ** 40 + 1, mzxid: 2 ** 52 + 1, version: 3 }, null)
  expect(await read).toEqual({
    data: Buffer.alloc(0),
    version: 3,
    czxid: 2n ** 40n + 1n,
    mzxid: 2n ** 52n + 1n,
  })
})

test('a watch tells once, whatever changed', async () => {
  const client = await begin()
  const changed = vi.fn<() => void>()
  const read = coordination.children('/a', changed, soon())
  client.last.done(0, 'ok', ['x'])
  expect(await read).toEqual(['x'])
  client.emit('child', client, '/b')
  expect(changed).not.toHaveBeenCalled()
  client.emit('child', client, '/a')
  client.emit('child', client, '/a')
  expect(changed).toHaveBeenCalledTimes(1)
  expect(coordination.watched).toBe(0)
})

test('a znode that is not there is watched for, also when it comes in between', async () => {
  const client = await begin()
  const read = coordination.read('/a', () => undefined, soon())
  client.last.done(-101, 'no node', null, null)
  await until(() => client.last.call === 'exists')
  expect(client.last.watch).toBe(true)
  client.last.done(0, 'ok', { czxid: 1, mzxid: 1, version: 0 })
  await until(() => client.asked.length === 3)
  client.last.done(-101, 'no node', null, null)
  await until(() => client.asked.length === 4)
  client.last.done(-101, 'no node', null)
  expect(await read).toBeUndefined()
})

test('a failed read leaves no watch', async () => {
  const client = await begin()
  const read = coordination.read('/a', () => undefined, soon())
  client.last.done(-4, 'connection loss', null, null)
  await expect(read).rejects.toThrow('connection lost')
  expect(coordination.watched).toBe(0)
})

test('after a loss every watch tells, once another session is there', async () => {
  const client = await begin()
  client.emit('connect')
  const changed = vi.fn<() => void>()
  const read = coordination.read('/a', changed, soon())
  client.last.done(0, 'ok', { czxid: 1, mzxid: 1, version: 0 }, Buffer.from('x'))
  await read
  client.emit('connecting')
  client.emit('connect')
  expect(changed).not.toHaveBeenCalled()
  client.emit('close', client, -112)
  await expect(coordination.read('/a', undefined, soon())).rejects.toThrow('ZooKeeper is lost')
  await until(() => clients.length === 2)
  expect(changed).not.toHaveBeenCalled()
  clients[1]!.emit('connect')
  expect(changed).toHaveBeenCalledTimes(1)
})

test('a name that is not known is looked up again, and nothing crashes', async () => {
  coordination = await connectZooKeeper({
    connect: 'no-such-name.invalid',
    native: PlayedClient as unknown as NativeConstructor,
    retryMs: 5,
    onError: ({ message }) => errors.push(message),
  })
  await vi.waitUntil(() => errors.length >= 2, { timeout: 10_000 })
  expect(errors[0]).toBe('no address for no-such-name.invalid')
  expect([coordination.state, clients.length]).toEqual(['connecting', 0])
})

test('closing ends the session and what waits', async () => {
  const client = await begin({ operationTimeoutMs: 10_000 })
  client.emit('connect')
  const read = coordination.read('/a', undefined, soon())
  const outcome = read.catch((error: unknown) => String(error))
  await coordination.close()
  expect(await outcome).toMatch(/closed$/)
  expect([client.closed, coordination.state]).toEqual([true, 'closed'])
})

const path = '/a'
const stat = { czxid: 1, mzxid: 7, version: 3 }

test.each<[string, (signal: AbortSignal) => Promise<unknown>, string, unknown[], unknown]>([
  [
    'create',
    (signal) => coordination.create(path, Buffer.from('x'), 'persistent', signal),
    'create 0 x',
    [0, 'ok', path],
    { kind: 'created', path },
  ],
  [
    'create one of a sequence',
    (signal) => coordination.create(path, Buffer.from('x'), 'ephemeral-sequential', signal),
    'create 3 x',
    [0, 'ok', '/a0000000001'],
    { kind: 'created', path: '/a0000000001' },
  ],
  [
    'create what is there',
    (signal) => coordination.create(path, Buffer.from('x'), 'ephemeral', signal),
    'create 1 x',
    [-110, 'node exists'],
    { kind: 'exists' },
  ],
  [
    'create under nothing',
    (signal) => coordination.create(path, Buffer.from('x'), 'container', signal),
    'create 4 x',
    [-101, 'no node'],
    { kind: 'no-parent' },
  ],
  [
    'create a container where there are none',
    (signal) => coordination.create(path, Buffer.from('x'), 'container', signal),
    'create 4 x',
    [-6, 'unimplemented'],
    { kind: 'unsupported' },
  ],
  [
    'write any version',
    (signal) => coordination.write(path, Buffer.from('y'), undefined, signal),
    'set -1 y',
    [0, 'ok', stat],
    { kind: 'written', version: 3, czxid: 1n, mzxid: 7n },
  ],
  [
    'write another version',
    (signal) => coordination.write(path, Buffer.from('y'), 2, signal),
    'set 2 y',
    [-103, 'bad version', null],
    { kind: 'conflict' },
  ],
  [
    'write nothing',
    (signal) => coordination.write(path, Buffer.from('y'), 2, signal),
    'set 2 y',
    [-101, 'no node', null],
    { kind: 'gone' },
  ],
  ['delete', (signal) => coordination.delete(path, 2, signal), 'delete 2', [0, 'ok'], 'deleted'],
  ['delete another', (signal) => coordination.delete(path, 2, signal), 'delete 2', [-103, ''], 'conflict'],
  [
    'delete a parent',
    (signal) => coordination.delete(path, undefined, signal),
    'delete -1',
    [-111, ''],
    'not-empty',
  ],
  ['delete nothing', (signal) => coordination.delete(path, 2, signal), 'delete 2', [-101, ''], 'gone'],
  ['sync', (signal) => coordination.sync(path, signal), 'sync', [0, ''], undefined],
  ['exists', (signal) => coordination.exists(path, undefined, signal), 'exists', [-101, '', null], false],
])('%s', async (_, ask, call, answer, found) => {
  const client = await begin()
  client.emit('connect')
  const asked = ask(soon())
  expect(client.last).toMatchObject({ call, path })
  client.last.done(...(answer as [number, string]))
  expect(await asked).toEqual(found)
})

test('who waits no longer is not called, and not kept', async () => {
  const client = await begin()
  client.emit('connect')
  const changed = vi.fn<() => void>()
  const exists = coordination.exists('/a', changed, soon())
  client.last.done(0, 'ok', stat)
  expect([await exists, coordination.watched]).toEqual([true, 1])
  coordination.unwatch('/a', changed)
  client.emit('deleted', client, '/a')
  expect([changed.mock.calls.length, coordination.watched]).toEqual([0, 0])
})

test('a znode is restricted only where there are credentials to restrict it to', async () => {
  const open = await begin()
  open.emit('connect')
  await coordination.restrict(path, soon())
  expect(open.asked).toEqual([])
  await coordination.close()
  clients = []
  const client = await begin({ auth: 'user:secret' })
  client.emit('connect')
  const restricted = coordination.restrict(path, soon())
  expect(client.last.call).toBe('acl [{"perm":31,"scheme":"auth","auth":""}]')
  client.last.done(0, 'ok')
  await restricted
})
