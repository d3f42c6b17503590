import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Config, loadConfig, parseConfig, redacted } from '../../src/config/config.ts'
import { sections } from '../../src/config/walk.ts'
import { OvateError } from '../../src/errors.ts'

const BROKERS = { druid: { brokers: ['http://127.0.0.1:8082'] } }

function shared(more: Record<string, unknown>): Record<string, unknown> {
  return { ...BROKERS, cache: { shared: { nodes: ['redis:6379'], ...more } } }
}

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof OvateError && error.code === 'OVATE_CONFIG') return error.message
    throw error
  }
  return 'no mistake'
}

function fileOf(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'ovate-config-')), 'ovate.yaml')
  writeFileSync(file, text)
  return file
}

test('what is left out has its default', () => {
  expect(parseConfig(BROKERS)).toMatchObject({
    listen: { host: '0.0.0.0', port: 8888, maxBody: 16 * 1024 * 1024, headersTimeout: 10_000 },
    admin: { enabled: true, host: '127.0.0.1', port: 9888 },
    druid: { service: 'druid/broker', noBrokerWait: 800, health: { period: 1_000, failures: 3 } },
    freshness: { mode: 'bounded', head: 5_000, cap: 60_000 },
    cache: { size: 256 * 1024 * 1024 },
    datasources: {},
  })
})

test.each([
  ['5s', 5_000],
  ['250ms', 250],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['PT5S', 5_000],
  ['PT1M30S', 90_000],
  ['P1D', 86_400_000],
  [1_234, 1_234],
  ['0s', 0],
  ['16.1s', 16_100],
  ['1.1h', 3_960_000],
  ['PT1.001S', 1_001],
  [999.6, 1_000],
])('the duration %s is %i ms', (given, ms) => {
  expect(parseConfig({ ...BROKERS, freshness: { head: given } }).freshness.head).toBe(ms)
})

test.each([
  ['64KB', 64_000],
  ['2MiB', 2_097_152],
  ['1GiB', 1_073_741_824],
  [5_000, 5_000],
  ['5000', 5_000],
])('the size %s is %i bytes', (given, bytes) => {
  expect(parseConfig({ ...BROKERS, cache: { maxEntry: given } }).cache.maxEntry).toBe(bytes)
})

describe('a mistake is told with its path, the value and what is allowed', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['an unknown name', { ...BROKERS, freshnes: {} }, 'freshnes: no such setting: did you mean freshness?'],
    [
      'an unknown name within',
      { ...BROKERS, listen: { prot: 1 } },
      'listen.prot: no such setting: did you mean port?',
    ],
    [
      'management with nowhere to find who leads',
      { druid: { ...BROKERS.druid, management: { enabled: true } } },
      'druid.management.servers: missing: there is no druid.zookeeper to find leaders in',
    ],
    [
      'a port that is none',
      { ...BROKERS, listen: { port: 99_999 } },
      'listen.port: 99999 is not a whole number from 0 to 65535',
    ],
    [
      'a duration that is none',
      { ...BROKERS, freshness: { head: 'soon' } },
      'freshness.head: "soon" is not a duration like',
    ],
    [
      'more than any timer waits',
      { ...BROKERS, listen: { shutdown: '30d' } },
      'listen.shutdown: "30d" is not a duration like 250ms, 5s, 1m, 2h or PT5S, at most 12d',
    ],
    ['more than a year', { ...BROKERS, identity: { recheck: '366d' } }, 'at most 365d'],
    [
      'a negative duration',
      { ...BROKERS, freshness: { head: -1 } },
      'freshness.head: -1 is not a duration like',
    ],
    [
      'a size that is none',
      { ...BROKERS, cache: { size: '1 elephant' } },
      'cache.size: "1 elephant" is not a size like',
    ],
    [
      'a word that is none',
      { ...BROKERS, freshness: { mode: 'loose' } },
      'freshness.mode: "loose" is not bounded or strict',
    ],
    [
      'a URL with a path',
      { druid: { brokers: ['http://a/b'] } },
      'druid.brokers.0: "http://a/b" is not a URL like',
    ],
    [
      'no Brokers',
      { druid: {} },
      'druid: exactly one of zookeeper, brokers, bootstrap says where the Brokers are; given: none',
    ],
    [
      'a list of no Brokers',
      { druid: { brokers: [] } },
      'druid.brokers: an empty list is not a list of URLs like http://broker:8082, at least one',
    ],
    [
      'a port that no URL has',
      { druid: { brokers: ['http://a:99999'] } },
      'druid.brokers.0: "http://a:99999" is not a URL',
    ],
    [
      'a URL with a query',
      { druid: { bootstrap: ['http://a?b'] } },
      'druid.bootstrap.0: "http://a?b" is not',
    ],
    [
      'a connect string that is none',
      { druid: { zookeeper: { connect: 'zk one:x' } } },
      'druid.zookeeper.connect: "zk one:x" is not `host:port,host:port/chroot`',
    ],
    [
      'a path that ends in a slash',
      { druid: { zookeeper: { path: '/druid/' } } },
      'druid.zookeeper.path: "/druid/" is not a path',
    ],
    [
      'a digest without password',
      { druid: { zookeeper: { auth: 'u' } } },
      'zookeeper.auth: not allowed: `user:',
    ],
    [
      'a digest twice',
      { druid: { zookeeper: { auth: 'u:p', authFile: '/x' } } },
      'druid.zookeeper.authFile: auth is given as well',
    ],
    [
      'a password for nobody',
      { druid: { ...BROKERS.druid, password: 'x' } },
      'druid.username: missing: password is given',
    ],
    [
      'a certificate without key',
      { druid: { ...BROKERS.druid, tls: { cert: 'x' } } },
      'druid.tls.key: missing: cert is given',
    ],
    ['TLS without key', { ...BROKERS, listen: { tls: { cert: 'x' } } }, 'listen.tls.key: missing'],
    [
      'a certificate that is not there',
      { ...BROKERS, listen: { tls: { cert: '/nowhere/x', key: 'y' } } },
      "listen.tls.cert: /nowhere/x can't be read",
    ],
    [
      'authorities that are not there',
      { ...BROKERS, listen: { tls: { cert: 'x', key: 'y', clientCa: '/nowhere/x' } } },
      "listen.tls.clientCa: /nowhere/x can't be read",
    ],
    [
      'certificates that are wanted, and nobody to sign them',
      { ...BROKERS, listen: { tls: { cert: 'x', key: 'y', clientCertificate: 'required' } } },
      'listen.tls.clientCa: missing: clientCertificate is given',
    ],
    [
      'less room for all bodies than for one',
      { ...BROKERS, listen: { maxBody: '64MiB', allBodies: '1MiB' } },
      'listen.allBodies: less than maxBody (67108864 bytes): bodies between the two would be refused for ever; raise it, or lower maxBody',
    ],
    [
      'more room for a body than all have by default',
      { ...BROKERS, listen: { maxBody: '257MiB' } },
      'listen.allBodies: less than maxBody (269484032 bytes)',
    ],
    ['a header that is none', { ...BROKERS, identity: { headers: ['a b'] } }, '"a b" is not a header name'],
    [
      'a number that is none',
      { ...BROKERS, freshness: { growth: Number.NaN } },
      'freshness.growth: NaN is not',
    ],
    ['two ways to them', { druid: { brokers: [], bootstrap: [] } }, 'given: brokers, bootstrap'],
    ['no druid at all', {}, 'druid: missing'],
    ['a section that is none', { ...BROKERS, cache: 5 }, 'cache: 5 is not a group of settings'],
    [
      'an open admin listener',
      { ...BROKERS, admin: { host: '0.0.0.0' } },
      'admin.token: missing: others can reach 0.0.0.0',
    ],
    [
      'a datasource',
      { ...BROKERS, datasources: { a: { share: true } } },
      'datasources.a.share: no such setting: did you mean shared?',
    ],
    [
      'a secret twice',
      { ...BROKERS, identity: { secret: 'x', secretFile: 'y' } },
      'identity.secretFile: secret is given as well',
    ],
    ['no servers', shared({ nodes: undefined }), 'cache.shared.nodes: missing: a list of servers'],
    ['a server without a port', shared({ nodes: ['redis'] }), 'shared.nodes.0: "redis" is not `host:port`'],
    ['a server that is a URL', shared({ nodes: ['redis://u:p@a:1'] }), '"redis://…@a:1" is not `host:port`'],
    ['two single servers', shared({ nodes: ['a:1', 'b:1'] }), 'cache.shared.nodes: 2 servers are given'],
    ['Sentinels without a master', shared({ mode: 'sentinel' }), 'cache.shared.master: missing'],
    ['a master without Sentinels', shared({ master: 'm' }), 'cache.shared.master: is for mode sentinel only'],
    ['a user without password', shared({ username: 'u' }), 'cache.shared.password: missing'],
    ['a key without certificate', shared({ tls: { key: 'x' } }), 'cache.shared.tls.cert: missing'],
    ['a namespace with a colon', shared({ namespace: 'a:b' }), 'cache.shared.namespace: "a:b" is not up to'],
    ['a mode that is none', shared({ mode: 'ring' }), '"ring" is not single or sentinel or cluster'],
    [
      'a secret file that is not there',
      { ...BROKERS, identity: { secretFile: '/nowhere/x' } },
      "identity.secretFile: /nowhere/x can't be read",
    ],
  ])('%s', (_, raw, message) => {
    expect(messageOf(() => parseConfig(raw))).toContain(message)
  })

  const NOWHERE = '/nowhere/x'
  test.each<[string, Record<string, unknown>, string]>([
    ['a shared cache', shared({ username: 'u', passwordFile: NOWHERE }), 'cache.shared.password'],
    [
      'its Sentinels',
      shared({ mode: 'sentinel', master: 'm', sentinelUsername: 'u', sentinelPasswordFile: NOWHERE }),
      'cache.shared.sentinelPassword',
    ],
    ['Druid', { druid: { ...BROKERS.druid, username: 'u', passwordFile: NOWHERE } }, 'druid.password'],
    ['operators', { ...BROKERS, admin: { host: '0.0.0.0', tokenFile: NOWHERE } }, 'admin.token'],
  ])('a secret file that is not there is all that is wrong with it: of %s', (_, raw, path) => {
    const [, ...lines] = messageOf(() => parseConfig(raw)).split('\n')
    expect(lines).toEqual([`  ${path}File: ${NOWHERE} can't be read`])
  })

  test.each<[string, Record<string, unknown>, string]>([
    [
      'a password for nobody',
      { druid: { ...BROKERS.druid, passwordFile: NOWHERE } },
      'druid.username: missing: password is given',
    ],
    [
      "a Sentinel's password without Sentinels",
      shared({ sentinelPasswordFile: NOWHERE }),
      'cache.shared.sentinelPassword: is for mode sentinel only',
    ],
  ])('what else is wrong is told beside a secret file that is not there: %s', (_, raw, message) => {
    expect(messageOf(() => parseConfig(raw))).toContain(message)
  })

  test('and all at once', () => {
    const message = messageOf(() =>
      loadConfig(
        fileOf('listen: {port: x}\nfreshness: {head: soon}\ndruid: {}\nadmin: {tokenFile: /nowhere/x}\n'),
        {
          OVATE_CACHE_SIZE: 'big',
          OVATE_NOPE: '1',
        },
      ),
    )
    for (const path of [
      'listen.port',
      'freshness.head',
      'druid:',
      'cache.size',
      'OVATE_NOPE',
      'admin.tokenFile',
    ])
      expect(message).toContain(path)
  })

  test.each([
    ['a file that is not there', '/nowhere/ovate.yaml', "can't be read"],
    ['no YAML', fileOf('a: [1'), 'mistakes'],
    ['a list', fileOf('- a'), 'a map of sections'],
  ])('%s', (_, file, message) => {
    expect(messageOf(() => loadConfig(file, {}))).toContain(message)
  })
})

describe('the environment', () => {
  test('beats the file, for each kind of setting', () => {
    const file = fileOf('listen: {port: 1}\ndruid: {brokers: [http://a:1]}\n')
    const config = loadConfig(file, {
      OVATE_LISTEN_PORT: '8080',
      OVATE_LISTEN_MAX_BODY: '1MiB',
      OVATE_DRUID_BROKERS: 'http://b:1, http://c:2',
      OVATE_DRUID_HEALTH_PERIOD: '2s',
      OVATE_ADMIN_ENABLED: 'false',
      OVATE_FRESHNESS_GROWTH: '0.5',
      OVATE_FRESHNESS_MODE: 'strict',
      PATH: '/bin',
    })
    expect(config).toMatchObject({
      listen: { port: 8080, maxBody: 1_048_576 },
      druid: { brokers: ['http://b:1', 'http://c:2'], health: { period: 2_000 } },
      admin: { enabled: false },
      freshness: { growth: 0.5, mode: 'strict' },
    })
  })

  test('is enough without a file', () => {
    expect(loadConfig(undefined, { OVATE_DRUID_BROKERS: 'http://b:1' }).druid.brokers).toEqual(['http://b:1'])
  })

  test.each([
    ['OVATE_PORT', 'tcp://10.0.0.1:8888'],
    ['OVATE_SERVICE_HOST', '10.0.0.1'],
    ['OVATE_SERVICE_PORT_SQL', '8888'],
    ['OVATE_PORT_8888_TCP_ADDR', '10.0.0.1'],
    ['OVATE_ADMIN_PORT', 'tcp://10.0.0.1:9888'],
  ])('is left alone where Kubernetes made it for a Service: %s', (variable, value) => {
    const config = loadConfig(undefined, { OVATE_DRUID_BROKERS: 'http://b:1', [variable]: value })
    expect([config.listen.port, config.admin.port]).toEqual([8888, 9888])
  })

  test('names the setting that was meant', () => {
    const message = messageOf(() => loadConfig(undefined, { OVATE_LISTEN_PROT: '1' }))
    expect(message).toContain('OVATE_LISTEN_PROT: no such setting: did you mean OVATE_LISTEN_PORT?')
  })

  test('does not hide that the file has no map for a section', () => {
    const file = fileOf('druid: {brokers: [http://a:1]}\ncache: 5\n')
    expect(messageOf(() => loadConfig(file, { OVATE_CACHE_SIZE: '5MiB' }))).toContain(
      'cache: 5 is not a group',
    )
  })

  test('has a variable of its own for each setting outside the datasources', () => {
    const variables = sections().flatMap(({ settings }) => settings.flatMap(({ variable }) => variable ?? []))
    expect(new Set(variables).size).toBe(variables.length)
    expect(variables.length).toBeGreaterThan(50)
  })
})

describe('secrets', () => {
  test('come from files', () => {
    const file = fileOf('s3cret\n')
    expect(parseConfig({ ...BROKERS, identity: { secretFile: file } }).identity.secret).toBe('s3cret')
  })

  test('never show in what people read of a configuration', () => {
    const secret = fc.stringMatching(/^[a-zA-Z0-9]{12,20}$/)
    fc.assert(
      fc.property(secret, (hidden) => {
        const raw = {
          admin: { token: hidden },
          identity: { secret: hidden },
          druid: { zookeeper: { auth: `u:${hidden}` }, username: 'u', password: hidden },
          cache: {
            shared: {
              mode: 'sentinel',
              nodes: ['a:1'],
              master: 'm',
              password: hidden,
              sentinelPassword: hidden,
            },
          },
        }
        expect(JSON.stringify(redacted(parseConfig(raw)))).not.toContain(hidden)
        const wrong = {
          ...raw,
          admin: { token: [hidden] },
          identity: { secret: [hidden] },
          listen: { port: 'x' },
        }
        expect(messageOf(() => parseConfig(wrong))).not.toContain(hidden)
        for (const misplaced of [hidden, [hidden], { password: { of: hidden } }, [{ password: hidden }]])
          expect(messageOf(() => parseConfig({ druid: misplaced }))).not.toContain(hidden)
        const withUser = { druid: { brokers: [`http://u:${hidden}@broker:8082`] } }
        expect(messageOf(() => parseConfig(withUser))).not.toContain(hidden)
        expect(messageOf(() => loadConfig(undefined, { OVATE_DRUID_PASWORD: hidden }))).not.toContain(hidden)
      }),
      { numRuns: 20 },
    )
  })
})

describe('who logs in is not shown in an address that is none', () => {
  const zookeeper = (connect: string): Record<string, unknown> => ({ druid: { zookeeper: { connect } } })

  test.each<[string, Record<string, unknown>, string]>([
    ['a slash', { druid: { brokers: ['http://ovate:hun/ter2@broker:8082'] } }, '"http://…@broker:8082"'],
    ['an @', { druid: { brokers: ['http://ovate:hun@ter2@broker:8082'] } }, '"http://…@broker:8082"'],
    ['no scheme', { druid: { brokers: ['ovate:hunter2@broker:8082'] } }, '"…@broker:8082"'],
    ['a comma, in a list of YAML', { druid: { brokers: ['http://u:hun', 'ter2@c:1'] } }, 'brokers.0: not'],
    ['ZooKeeper', zookeeper('ovate:hunter2@zk:2181'), '"…@zk:2181"'],
    ['ZooKeeper without a user', zookeeper('hunter2@zk:2181'), '"…@zk:2181"'],
    ['several', zookeeper('zk:2181,ovate:hunter2@zk:2181'), '"…@zk:2181"'],
    ['Redis', shared({ nodes: [':hunter2@redis:6379'] }), '"…@redis:6379"'],
    ['Redis without a colon', shared({ nodes: ['hunter2@redis:6379'] }), '"…@redis:6379"'],
  ])('%s', (_, raw, message) => {
    const told = messageOf(() => parseConfig(raw))
    expect(told).toContain(message)
    expect(told).not.toMatch(/hun|ter2/)
  })

  test('a comma, in a variable', () => {
    const told = messageOf(() =>
      loadConfig(undefined, { OVATE_DRUID_BROKERS: 'http://u:hun,ter2@a,er2@c:8082' }),
    )
    expect(told).toContain('druid.brokers.1: not allowed: a URL like')
    expect(told).not.toMatch(/hun|er2|@a/)
  })
})

describe('a file that is no YAML is told by its place, never quoted: the line may hold a password', () => {
  test.each([
    ['a quote left open', 'druid:\n  password: "hunter2\n', 'no YAML at line 3, column 1: missing char'],
    [
      'a key twice',
      'druid:\n  password: hunter2\n  password: hunter2\n',
      'at line 3, column 3: duplicate key',
    ],
    ['an alias of nothing', 'druid: {password: *hunter2}', 'begins with *'],
    ['aliases that multiply', laughs(), 'for too many'],
    ['a block head', 'druid:\n  password: |hunter2\n', 'at line 2'],
    ['a reserved sign', 'druid:\n  password: @hunter2\n', 'at line 2'],
    ['an escape', 'druid:\n  password: "\\hunter2"\n', 'at line 2'],
    ['a directive', '%hunter2\na: 1\n', 'no YAML'],
  ])('%s', (_, text, message) => {
    const told = messageOf(() => loadConfig(fileOf(text), {}))
    expect(told).toContain(message)
    expect(told).not.toContain('hunter2')
  })
})

// Ten times ten times ten … of one list.
function laughs(): string {
  const names = ['a', 'b', 'c', 'd']
  return names
    .map(
      (name, index) =>
        `${name}: &${name} [${Array(10)
          .fill(`*${names[index - 1] ?? ''}`)
          .join(', ')}]`,
    )
    .join('\n')
    .replaceAll('*,', 'x,')
    .replaceAll('*]', 'x]')
}

// Node lists a request's headers in lower case: another spelling would tell nobody apart.
test('headers that name a user are kept in lower case', () => {
  const { identity } = parseConfig({ ...BROKERS, identity: { headers: ['X-Forwarded-User'] } })
  expect(identity.headers).toEqual(['x-forwarded-user'])
})

test('the shared cache is off unless it is asked for, and has sane limits then', () => {
  expect(parseConfig(BROKERS).cache.shared).toBeUndefined()
  expect(parseConfig(shared({ nodes: ['[::1]:6379'] })).cache.shared).toMatchObject({
    mode: 'single',
    nodes: ['[::1]:6379'],
    namespace: 'ovate',
    timeout: 50,
    writeTimeout: 1_000,
    queue: 33_554_432,
    compressAbove: 4_096,
    maxEntry: 8_388_608,
    ttl: 86_400_000,
  })
})

test('the environment alone can ask for the shared cache', () => {
  const config = loadConfig(undefined, {
    OVATE_DRUID_BROKERS: 'http://b:1',
    OVATE_CACHE_SHARED_MODE: 'cluster',
    OVATE_CACHE_SHARED_NODES: 'a:1, b:2',
    OVATE_CACHE_SHARED_TLS_VERIFY: 'true',
  })
  expect(config.cache.shared).toMatchObject({
    mode: 'cluster',
    nodes: ['a:1', 'b:2'],
    tls: { verify: true },
  })
})

test('that Druid sees no certificates may be said in any case', () => {
  const [cert, key, clientCa] = [fileOf('x'), fileOf('x'), fileOf('x')]
  const raw = { ...BROKERS, listen: { tls: { cert, key, clientCa } } }
  const identity = { unseenByDruid: ['Certificate'] }
  expect(parseConfig({ ...raw, identity }).identity.unseenByDruid).toEqual(['certificate'])
  expect(messageOf(() => parseConfig(raw))).toContain('say so by identity.unseenByDruid: [certificate]')
})

test.each([' token', 'token ', 'to\nken', 'p\u00e4ssw\u00f6rd'])(
  'the token %j, which clients send in other bytes or not at all, is refused, and not repeated',
  (token) => {
    const message = messageOf(() => parseConfig({ ...BROKERS, admin: { token } }))
    expect(message).toMatch(/ {2}admin\.token: not allowed: visible ASCII, with spaces between$/)
  },
)

test.each(['~', 'a token', 'bWU6c2VjcmV0=='])('the token %j is one', (token) => {
  expect(parseConfig({ ...BROKERS, admin: { token } }).admin.token).toBe(token)
})

test('all bodies may have as much room as one', () => {
  const { listen } = parseConfig({ ...BROKERS, listen: { maxBody: '512MiB', allBodies: '512MiB' } })
  expect(listen).toMatchObject({ maxBody: 536_870_912, allBodies: 536_870_912 })
})

test('a configuration can not be changed', () => {
  const config = parseConfig(BROKERS) as { listen: { port: number } }
  expect(() => (config.listen.port = 1)).toThrow(TypeError)
})

describe('coordination', () => {
  const ZOOKEEPER = { druid: { zookeeper: { connect: 'zk:2181', path: '/druid/prod' } } }

  test('takes the ensemble of the Brokers where it names none', () => {
    expect(parseConfig({ ...ZOOKEEPER, coordination: {} }).coordination).toEqual({
      path: '/ovate',
      sessionTimeout: 10_000,
    })
    expect(parseConfig(BROKERS).coordination).toBeUndefined()
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['no ensemble', { ...BROKERS, coordination: {} }, 'coordination.connect: missing'],
    [
      "Druid's own znode",
      { ...ZOOKEEPER, coordination: { path: '/druid/prod' } },
      'coordination.path: lies inside',
    ],
    [
      'one inside it',
      { ...ZOOKEEPER, coordination: { path: '/druid/prod/x' } },
      'coordination.path: lies inside',
    ],
    [
      'one that holds it',
      { ...ZOOKEEPER, coordination: { path: '/druid' } },
      'coordination.path: lies inside',
    ],
    ['one beside it', { ...ZOOKEEPER, coordination: { path: '/druid/products' } }, 'no mistake'],
    [
      'the same path in another ensemble',
      { ...ZOOKEEPER, coordination: { connect: 'other:2181', path: '/druid/prod' } },
      'no mistake',
    ],
    [
      'credentials that are none',
      { ...ZOOKEEPER, coordination: { auth: 'hunter2' } },
      'coordination.auth: not allowed',
    ],
  ])('%s', (_, raw, message) => {
    const told = messageOf(() => parseConfig(raw))
    expect(told).toContain(message)
    expect(told).not.toContain('hunter2')
  })

  test('its credentials are not shown', () => {
    const config = parseConfig({ ...ZOOKEEPER, coordination: { auth: 'user:hunter2' } })
    expect(JSON.stringify(redacted(config))).not.toContain('hunter2')
  })
})

describe('the examples in config/', () => {
  const folder = join(import.meta.dirname, '../../config')
  const files = readdirSync(folder)

  test('are there for each situation', () => {
    expect(files.toSorted()).toEqual([
      'laptop.yaml',
      'one-broker.yaml',
      'replicas.yaml',
      'secured.yaml',
      'zookeeper.yaml',
    ])
  })

  test.each(files)('%s is a configuration', (name) => {
    const text = readFileSync(join(folder, name), 'utf8').replaceAll(
      /\/etc\/ovate\/[a-z.-]+$/gm,
      fileOf('user:secret'),
    )
    const config: Config = loadConfig(fileOf(text), {})
    expect(config.druid.service).toBe('druid/broker')
  })
})
