// What a Broker's authenticators are, as `ovate check` says it and as `ovate serve` obeys it.
import { afterEach, describe, expect, test } from 'vitest'
import { authenticatorLines } from '../../src/app/check-identity.ts'
import { type CheckLine } from '../../src/app/check-steps.ts'
import { Standing } from '../../src/app/standing.ts'
import { type Config, parseConfig } from '../../src/config/config.ts'
import { OvateError } from '../../src/errors.ts'
import { BROKER, FakeDruid, type Reply } from '../support/fake-druid.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const PREFIX = 'druid.auth.authenticator'

/** What a Broker answers whose chain has authenticators of these types, each under a name of its own. */
function chainOf(...types: readonly string[]): Reply {
  const chain = JSON.stringify(types.map((_, at) => `my${at}`))
  const named = types.map((type, at) => [`${PREFIX}.my${at}.type`, type] as const)
  const properties = new Map([['druid.auth.authenticatorChain', chain] as const, ...named])
  return { body: JSON.stringify(Object.fromEntries(properties)) }
}

function configOf(...unseenByDruid: readonly string[]): Config {
  const druid = { brokers: ['http://127.0.0.1:1'], username: 'ovate', password: 'its own' }
  return parseConfig({ druid, identity: { unseenByDruid } })
}

const soon = (): AbortSignal => AbortSignal.timeout(60_000)

describe('a chain', () => {
  test.each<[string, Reply, readonly string[], readonly [CheckLine['level'], string][]]>([
    ['that is not set', { body: '{}' }, [], [['ok', 'its authenticator allowAll']]],
    ['of allowAll', chainOf('allowAll'), [], [['ok', 'its authenticator allowAll']]],
    ['of basic', chainOf('basic'), [], [['ok', 'its authenticator basic']]],
    ['of pac4j', chainOf('pac4j'), [], [['ok', 'its authenticator pac4j']]],
    ['of anonymous', chainOf('anonymous'), [], [['ok', 'its authenticator anonymous']]],
    ['of one that is not known', chainOf('ours'), [], [['ok', 'ours; headers that it reads belong into']]],
    [
      'named by types',
      { body: '{"druid.auth.authenticatorChain":"[\\"allowAll\\"]"}' },
      [],
      [['ok', 'allowAll']],
    ],
    ['of trustedDomain', chainOf('trustedDomain'), [], [['fail', 'by their address']]],
    [
      'of trustedDomain, which is told',
      chainOf('trustedDomain'),
      ['address'],
      [['warn', 'by their address']],
    ],
    ['of trustedDomain, where another thing is told', chainOf('trustedDomain'), ['kerberos'], [['fail', '']]],
    ['of kerberos', chainOf('kerberos'), [], [['fail', "by tickets for the Broker's own host"]]],
    ['of kerberos, which is told', chainOf('kerberos'), ['kerberos'], [['warn', 'by tickets']]],
    [
      'of several',
      chainOf('basic', 'trustedDomain', 'kerberos'),
      ['address'],
      [
        ['ok', 'basic'],
        ['warn', 'trustedDomain'],
        ['fail', 'kerberos'],
      ],
    ],
    ['that is a word of the language', chainOf('constructor'), [], [['ok', 'constructor']]],
    ['that may not be read', { status: 403, body: '' }, [], [['warn', 'was refused (403)']]],
    ['that is no JSON', { body: '<html>' }, [], [['warn', 'is not understood']]],
    [
      'that is no list',
      { body: '{"druid.auth.authenticatorChain":"7"}' },
      [],
      [['warn', 'is not understood']],
    ],
  ])('%s', async (_, reply, told, wanted) => {
    const druid = new FakeDruid(() => reply)
    const lines = await authenticatorLines(configOf(...told), druid, soon())
    expect(lines.map(({ level }) => level)).toEqual(wanted.map(([level]) => level))
    for (const [at, [, text]] of wanted.entries()) expect(lines[at]?.text).toContain(text)
    const [asked] = druid.requests
    expect([asked?.path, asked?.headers[0]]).toEqual(['/status/properties', 'authorization'])
  })

  test('of a Broker that breaks off is not known, and nothing is thrown', async () => {
    const druid = new FakeDruid(() => Promise.reject(new OvateError('OVATE_BROKER_FAILED', 'it broke off')))
    const lines = await authenticatorLines(configOf(), druid, soon())
    expect(lines).toEqual([{ level: 'warn', text: 'GET /status/properties failed: it broke off' }])
  })

  test('that is too large is not read to its end', async () => {
    let given = 0
    const large = async function* (): AsyncGenerator<Buffer> {
      for (; given < 100; given += 1) yield await Promise.resolve(Buffer.alloc(1_000_000, ' '))
    }
    const druid = new FakeDruid(() => ({ body: large() }))
    const lines = await authenticatorLines(configOf(), druid, soon())
    expect(given).toBeLessThan(100)
    expect(lines).toEqual([
      { level: 'warn', text: 'GET /status/properties failed: the answer has more than 4000000 bytes' },
    ])
  })
})

describe('serving', () => {
  const ends: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })

  interface Placed {
    readonly druid: FakeDruid
    readonly clock: ManualClock
    readonly lines: CheckLine[]
    readonly refusals: OvateError[]
  }

  function placed(reply: Reply | Error, told: readonly string[] = [], isReady = true): Placed {
    const clock = new ManualClock()
    const druid = new FakeDruid(() => (reply instanceof Error ? Promise.reject(reply) : reply))
    if (!isReady) druid.troubles = { [BROKER]: { state: 'ejected' } }
    const lines: CheckLine[] = []
    const refusals: OvateError[] = []
    const standing = new Standing({
      config: configOf(...told),
      druid,
      clock,
      onLine: (line) => lines.push(line),
    })
    ends.push(() => standing.stop())
    standing.refused.then((error) => refusals.push(error)).catch(() => undefined)
    standing.start()
    return { druid, clock, lines, refusals }
  }

  test.each<[string, Reply, readonly string[], CheckLine['level'], boolean]>([
    ['where users are known by basic', chainOf('basic'), [], 'ok', false],
    ['where they are known by address', chainOf('trustedDomain'), [], 'fail', true],
    ['where they are known by address, as is told', chainOf('trustedDomain'), ['address'], 'warn', false],
    ['where they are known by tickets', chainOf('kerberos'), [], 'fail', true],
    ['where it may not look', { status: 403, body: '' }, [], 'warn', false],
  ])('%s is said once, and refused where it must be', async (_, reply, told, level, isRefused) => {
    const { druid, clock, lines, refusals } = placed(reply, told)
    for (let second = 0; second < 20; second += 1) await clock.advance(1_000)
    expect(lines.map((line) => line.level)).toEqual([level])
    expect(druid.requests.length).toBe(1)
    expect(refusals.map(({ code }) => code)).toEqual(isRefused ? ['OVATE_CONFIG'] : [])
    const says = refusals.map(({ message }) => message.includes('see identity.unseenByDruid'))
    expect(says).toEqual(isRefused ? [true] : [])
  })

  test('waits for the first Broker that is ready, and for one that answers', async () => {
    const { druid, clock, lines, refusals } = placed(chainOf('trustedDomain'), [], false)
    for (let second = 0; second < 5; second += 1) await clock.advance(1_000)
    expect([druid.requests.length, lines.length]).toEqual([0, 0])
    druid.troubles = {}
    const { answer } = druid
    druid.answer = () => Promise.reject(new OvateError('OVATE_BROKER_FAILED', 'it broke off'))
    await clock.advance(1_000)
    expect([druid.requests.length, lines.length]).toEqual([1, 0])
    druid.answer = answer
    await clock.advance(1_000)
    await settle()
    expect([lines.length, refusals.length]).toEqual([1, 1])
  })
})
