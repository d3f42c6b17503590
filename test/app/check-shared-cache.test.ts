// `ovate check` on a real Redis: what is wrong is said, with no secret in it.
import { afterEach, expect, test } from 'vitest'
import { sharedCacheLines } from '../../src/app/check-shared-cache.ts'
import { parseConfig } from '../../src/config/config.ts'
import { freePort } from '../cluster/home.ts'
import { hasRedis, RIGHTS, type RedisStart, startRedis } from '../redis/server.ts'

const SECRET = 'a-secret-of-redis'
const druid = { brokers: ['http://127.0.0.1:8082'] }
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

interface Case {
  readonly start?: RedisStart
  /** As the server's own user sets it up. */
  readonly rights?: string
  readonly given?: Record<string, unknown>
  readonly level: 'ok' | 'fail'
  readonly text: RegExp
}

const CASES: readonly (readonly [string, Case])[] = [
  ['a server that takes it', { level: 'ok', text: /answers, and keeps what is written/ }],
  [
    'a password that is wrong',
    {
      start: { settings: { requirepass: 'right' }, client: { password: 'right' } },
      given: { password: SECRET },
      level: 'fail',
      text: /WRONGPASS/,
    },
  ],
  [
    'no password where one is needed',
    {
      start: { settings: { requirepass: SECRET }, client: { password: SECRET } },
      level: 'fail',
      text: /refuses with NOAUTH/,
    },
  ],
  [
    'a user without the right to write',
    { rights: '+getrange', given: { username: 'ovate', password: SECRET }, level: 'fail', text: /NOPERM/ },
  ],
  [
    'a user with the rights of the page',
    { rights: RIGHTS, given: { username: 'ovate', password: SECRET }, level: 'ok', text: /answers/ },
  ],
  [
    'a server that is full',
    { start: { settings: { maxmemory: '1' } }, level: 'fail', text: /refuses with OOM/ },
  ],
]

test.runIf(hasRedis).each(CASES)('%s', async (_, { start = {}, rights, given = {}, level, text }) => {
  const server = await startRedis(ends, start)
  if (rights !== undefined)
    await server.client.acl('SETUSER', 'ovate', 'on', `>${SECRET}`, '~ovate:*', ...rights.split(' '))
  const shared = { nodes: [server.node], timeout: '5s', writeTimeout: '5s', ...given }
  const lines = await sharedCacheLines(parseConfig({ druid, cache: { shared } }), AbortSignal.timeout(30_000))
  expect(lines.map((line) => line.level)).toEqual([level])
  expect(lines[0]?.text).toMatch(text)
  expect(JSON.stringify(lines)).not.toContain(SECRET)
})

test('no server at all, and none that is asked for', async () => {
  const shared = { nodes: [`127.0.0.1:${await freePort()}`] }
  const [line, ...more] = await sharedCacheLines(
    parseConfig({ druid, cache: { shared } }),
    AbortSignal.timeout(30_000),
  )
  expect([line?.level, more]).toEqual(['fail', []])
  expect(line?.text).toMatch(/is connecting: .*ECONNREFUSED/)
  expect(await sharedCacheLines(parseConfig({ druid }), AbortSignal.timeout(1_000))).toEqual([])
})
