// What is written to a real ZooKeeper: each operation with each of its answers, below a chroot.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Coordination, type Created } from '../../src/coordination/coordination.ts'
import { loadNative } from '../../src/coordination/hosted.ts'
import { connectZooKeeper } from '../../src/coordination/zookeeper.ts'
import { startZooKeeper, type ZooKeeper, zooKeeperMissing } from './zookeeper.ts'

const EMPTY = Buffer.alloc(0)
const SESSION_MS = 4_000

const missing =
  (await zooKeeperMissing()) ??
  (await loadNative().then(
    () => undefined,
    (error: Error) => error.message,
  ))
if (missing !== undefined)
  process.stderr.write(`\n*** ZooKeeper: SKIPPED: writes to a real one: ${missing}\n`)

const soon = (): AbortSignal => AbortSignal.timeout(10_000)

describe.runIf(missing === undefined)('writes to ZooKeeper', () => {
  let server: ZooKeeper
  let one: Coordination
  let other: Coordination

  beforeAll(async () => {
    server = await startZooKeeper()
    const root = await connected('')
    await root.create('/chroot', EMPTY, 'persistent', soon())
    await root.close()
    one = await connected('/chroot', 'user:secret')
    other = await connected('/chroot')
    for (const path of ['/a', '/a/full', '/a/full/child']) await one.create(path, EMPTY, 'persistent', soon())
    await other.sync('/a', soon())
  })

  afterAll(async () => {
    await Promise.all([one.close(), other.close()])
    await server.stop()
  })

  async function connected(chroot: string, auth?: string): Promise<Coordination> {
    const connect = server.connectString + chroot
    const coordination = await connectZooKeeper({ connect, sessionTimeoutMs: SESSION_MS, auth })
    await vi.waitUntil(() => coordination.state === 'connected', { timeout: 20_000 })
    return coordination
  }

  const created = (path: string): Created => ({ kind: 'created', path })

  test.each<[string, (client: Coordination) => Promise<unknown>, unknown]>([
    ['persistent', (client) => client.create('/a/p', EMPTY, 'persistent', soon()), created('/a/p')],
    ['container', (client) => client.create('/a/c', EMPTY, 'container', soon()), created('/a/c')],
    ['ephemeral', (client) => client.create('/a/e', EMPTY, 'ephemeral', soon()), created('/a/e')],
    ['what is there', (client) => client.create('/a/p', EMPTY, 'container', soon()), { kind: 'exists' }],
    ['no parent', (client) => client.create('/b/c', EMPTY, 'ephemeral', soon()), { kind: 'no-parent' }],
    [
      'the first of a sequence',
      (client) => client.create('/a/c/x_', EMPTY, 'ephemeral-sequential', soon()),
      created('/a/c/x_0000000000'),
    ],
    [
      'the next of a sequence',
      (client) => client.create('/a/c/y_', EMPTY, 'ephemeral-sequential', soon()),
      created('/a/c/y_0000000001'),
    ],
    [
      'write',
      (client) => client.write('/a/p', Buffer.from('x'), 0, soon()),
      expect.objectContaining({ version: 1 }),
    ],
    [
      'write any',
      (client) => client.write('/a/p', EMPTY, undefined, soon()),
      expect.objectContaining({ version: 2 }),
    ],
    ['write another version', (client) => client.write('/a/p', EMPTY, 0, soon()), { kind: 'conflict' }],
    ['write nothing', (client) => client.write('/a/none', EMPTY, 0, soon()), { kind: 'gone' }],
    ['delete another version', (client) => client.delete('/a/p', 7, soon()), 'conflict'],
    ['delete a parent', (client) => client.delete('/a/full', undefined, soon()), 'not-empty'],
    ['delete', (client) => client.delete('/a/p', 2, soon()), 'deleted'],
    ['delete nothing', (client) => client.delete('/a/p', undefined, soon()), 'gone'],
    ['exists', (client) => client.exists('/a/e', undefined, soon()), true],
    ['exists not', (client) => client.exists('/a/p', undefined, soon()), false],
    ['sync', (client) => client.sync('/a', soon()), undefined],
  ])('%s', async (_, ask, answer) => {
    expect(await ask(one)).toEqual(answer)
  })

  test('a watch on what is not there tells of its making, one on what is there of its end', async () => {
    const made = vi.fn<() => void>()
    const gone = vi.fn<() => void>()
    expect(await other.exists('/a/w', made, soon())).toBe(false)
    await one.create('/a/w', EMPTY, 'persistent', soon())
    await vi.waitUntil(() => made.mock.calls.length > 0, { timeout: 10_000 })
    expect(await other.exists('/a/w', gone, soon())).toBe(true)
    await one.delete('/a/w', undefined, soon())
    await vi.waitUntil(() => gone.mock.calls.length > 0, { timeout: 10_000 })
    expect([made.mock.calls.length, gone.mock.calls.length]).toEqual([1, 1])
  })

  test('what is restricted is not for others to write, nor its children to make', async () => {
    await one.create('/a/mine', EMPTY, 'persistent', soon())
    await one.restrict('/a/mine', soon())
    await other.sync('/a', soon())
    await expect(other.write('/a/mine', EMPTY, undefined, soon())).rejects.toThrow('no authority')
    await expect(other.create('/a/mine/x', EMPTY, 'ephemeral', soon())).rejects.toThrow('no authority')
    expect(await one.write('/a/mine', EMPTY, undefined, soon())).toMatchObject({ kind: 'written' })
  })

  test('ephemerals go with the session that is closed', async () => {
    expect(await other.exists('/a/e', undefined, soon())).toBe(true)
    const gone = vi.fn<() => void>()
    await other.exists('/a/e', gone, soon())
    await one.close()
    await vi.waitUntil(() => gone.mock.calls.length > 0, { timeout: 20_000 })
    expect(await other.exists('/a/e', undefined, soon())).toBe(false)
  })
})
