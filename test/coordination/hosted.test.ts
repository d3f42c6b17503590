// The client package in a process of its own: what this process sees of it when it works, ends and is killed.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { loadNative } from '../../src/coordination/hosted.ts'
import { type NativeConstructor, type NativeZooKeeper } from '../../src/coordination/native.ts'

// Nobody listens on port 1.
const NOWHERE = { connect: '127.0.0.1:1', timeout: 2_000, response_counter_limit: 100 }
const WAIT = { timeout: 20_000 }

const native: NativeConstructor | undefined = await loadNative().catch((error: Error) => {
  process.stderr.write(`\n*** ZooKeeper: SKIPPED: tests of its client: ${error.message}\n`)
  return undefined
})

describe.runIf(native !== undefined)('a hosted client', () => {
  const before = new Set(children())
  let client: NativeZooKeeper
  let closed: number[]

  async function begin(): Promise<void> {
    client = new native!({})
    closed = []
    client.on('close', (_client, code) => closed.push(code))
    await client.loaded
    client.native.init(NOWHERE)
  }

  /** The one that this process has started since. */
  const host = (): number | undefined => children().find((pid) => !before.has(pid))

  const reading = (path: string): Promise<number> =>
    new Promise((resolve) => client.native.a_get(path, false, resolve))

  afterEach(async () => {
    client.native.close()
    await vi.waitUntil(() => host() === undefined, WAIT)
  })

  test('answers as the package does: no server, no connection', async () => {
    await begin()
    expect(await reading('/druid')).toBe(-4)
  })

  test('refuses what the package refuses', async () => {
    await begin()
    expect(await reading('no path')).toBe(-8)
  })

  test('that is closed says so at once, ends what waits, and leaves no process', async () => {
    await begin()
    const waiting = reading('/druid')
    client.native.close()
    expect([closed, await waiting]).toEqual([[0], -4])
    client.native.close()
    expect(closed).toEqual([0])
  })

  test('ends its session when who began it gives no sign for a session timeout', async () => {
    const path = fileURLToPath(new URL('../../src/coordination/native-host.ts', import.meta.url))
    const silent = fork(path, [], {
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const exit = once(silent, 'exit')
    silent.send({ kind: 'init', options: { ...NOWHERE, timeout: 400 } })
    expect(await exit).toEqual([0, null])
  })

  test('whose process is killed ends its session and what waits', async () => {
    await begin()
    const waiting = reading('/druid')
    process.kill(host()!, 'SIGKILL')
    expect(await waiting).toBe(-4)
    await vi.waitUntil(() => closed.length > 0, WAIT)
    expect(closed).toEqual([-4])
  })
})

function children(): readonly number[] {
  const text = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}
