// Ten thousand connections that ask nothing any more: what each costs, and that somebody else does not feel them.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { startEchoStack } from '../support/echo-stack.ts'
import { startOrdinaryClient } from '../support/ordinary-client.ts'
import { endingWithUs } from '../support/ending-with-us.ts'
import { until } from '../support/until.ts'

const COUNT = 10_000
/** Files that the test opens beside them. */
const OTHER_FILES = 500
/** Measured: 10 KB. Far above it, so that only a leak or a buffer for each reaches it. */
const BYTES_EACH_MAX = 65_536
const CHILD = join(import.meta.dirname, '../support/idle-clients.ts')

const openFilesMax = Number(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout)
const enough = Number.isNaN(openFilesMax) || openFilesMax >= COUNT + OTHER_FILES
if (!enough)
  process.stderr.write(
    `SKIPPED: ${COUNT} connections, because only ${openFilesMax} files may be open (ulimit -n)\n`,
  )

describe.runIf(enough)(`${COUNT} idle connections`, { timeout: 300_000 }, () => {
  test('cost little each, end when they are closed, and nobody else feels them', async () => {
    const listen = { maxConnections: COUNT + OTHER_FILES, keepAliveTimeout: '10m' }
    const world = await startEchoStack({ listen })
    const other = startOrdinaryClient(world.url)
    await until(() => other.answers > 20)
    const before = process.memoryUsage().rss
    const { port } = new URL(world.url)
    const args = ['--import', 'tsx', CHILD, port, String(COUNT), '/status/health']
    const child = endingWithUs(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    try {
      const lines = createInterface(child.stdout)
      expect(await once(lines, 'line')).toEqual(['ready'])
      expect(await world.stack.server.connections()).toBeGreaterThanOrEqual(COUNT)
      const each = (process.memoryUsage().rss - before) / COUNT
      process.stderr.write(`${COUNT} idle connections: ${Math.round(each)} bytes of RSS each\n`)
      expect(each).toBeLessThan(BYTES_EACH_MAX)
      const answered = other.answers
      await until(() => other.answers > answered + 20)
    } finally {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
    }
    expect(await other.stop()).toEqual([])
    await world.quiet()
    await world.stop()
  })
})
