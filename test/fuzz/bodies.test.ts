// Bodies of all of Druid's endpoints for queries, right and broken: each client gets the answer to what it asked, what
// passes arrives byte for byte, and what Ovate refuses is nothing that Druid would take.
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type Random } from '../cluster/random.ts'
import { ask, type Got } from '../support/http-client.ts'
import { randomAvaticaJson, randomAvaticaProtobuf } from './avatica-bodies.ts'
import { judgePassed, judgeSql, MARKER } from './judge.ts'
import { mutated } from './mutate.ts'
import { randomNativeBody, randomSqlBody } from './requests.ts'
import { COUNT, DEADLINE_MS, fuzz, FUZZ_TIMEOUT_MS, type Fuzzed } from './world.ts'

const SQL = '/druid/v2/sql'
const BODY_MAX = 1_000_000
const USERS: [string, ...string[]] = ['', 'Basic YTph', 'Basic Yjpi', 'Bearer x']

function post(
  { world, name }: Fuzzed,
  path: string,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<Got> {
  return ask(`${world.url}${path}`, {
    headers: { 'content-type': 'application/json', [MARKER]: name, ...headers },
    body,
    signal: AbortSignal.timeout(DEADLINE_MS),
  })
}

function credentials(authorization: string): Record<string, string> {
  return authorization === '' ? {} : { authorization }
}

test(
  `${COUNT} bodies of statements`,
  async () => {
    const findings = await fuzz('json', async (fuzzed) => {
      const body = randomSqlBody(fuzzed.random)
      const authorization = fuzzed.random.pick(USERS)
      const got = await post(fuzzed, SQL, body, credentials(authorization))
      forget(fuzzed)
      return judgeSql(got, body, authorization)
    })
    expect(findings).toEqual([])
  },
  FUZZ_TIMEOUT_MS,
)

test(
  `${COUNT} streams of gzip`,
  async () => {
    const findings = await fuzz('gzip', async (fuzzed) => {
      const { random } = fuzzed
      const packed = randomGzip(random)
      const authorization = random.pick(USERS)
      const headers = { 'content-encoding': 'gzip', ...credentials(authorization) }
      const got = await post(fuzzed, SQL, packed, headers)
      forget(fuzzed)
      const body = unpacked(packed)
      if (Buffer.isBuffer(body)) return judgeSql(got, body, authorization)
      return got.status === body ? undefined : `${got.status} where ${body} is due: ${packed.toString('hex')}`
    })
    expect(findings).toEqual([])
  },
  FUZZ_TIMEOUT_MS,
)

test.each<[string, string, (random: Random) => Buffer]>([
  ['native queries', '/druid/v2', randomNativeBody],
  ['requests of Avatica in JSON', '/druid/v2/sql/avatica/', randomAvaticaJson],
  ['requests of Avatica in protobuf', '/druid/v2/sql/avatica-protobuf/', randomAvaticaProtobuf],
])(
  `${COUNT} %s`,
  async (kind, path, make) => {
    const findings = await fuzz(kind, async (fuzzed) => {
      const body = make(fuzzed.random)
      const got = await post(fuzzed, path, body, { 'content-type': 'application/octet-stream' })
      return judgePassed(got, { path, body, name: fuzzed.name }, fuzzed.world)
    })
    expect(findings).toEqual([])
  },
  FUZZ_TIMEOUT_MS,
)

const FORMS = ['whole', 'whole', 'cut', 'broken', 'in two', 'twice', 'with more behind', 'bomb'] as const

function randomGzip(random: Random): Buffer {
  const body = randomSqlBody(random)
  const packed = gzipSync(body)
  switch (random.pick(FORMS)) {
    case 'whole':
      return packed
    case 'cut':
      return packed.subarray(0, random.below(packed.length))
    case 'broken':
      return mutated(packed, random, ['\u0000', '\u001f\u008b', 'x'])
    case 'in two': {
      const at = random.below(body.length)
      return Buffer.concat([gzipSync(body.subarray(0, at)), gzipSync(body.subarray(at))])
    }
    case 'twice':
      return gzipSync(packed)
    case 'with more behind':
      return Buffer.concat([
        packed,
        Buffer.from(random.pick(['\u0000', 'more', '\u001f\u008b', '\n']), 'latin1'),
      ])
    case 'bomb':
      return gzipSync(Buffer.concat([body, Buffer.alloc(random.below(3) * BODY_MAX, ' ')]))
  }
}

/** What a body unpacks to, or the status that says why not. */
function unpacked(packed: Buffer): Buffer | number {
  try {
    return gunzipSync(packed, { maxOutputLength: BODY_MAX })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 413 : 400
  }
}

/** What arrived of statements is judged by its answers. */
function forget({ world }: Fuzzed): void {
  for (const { arrived } of world.brokers) arrived.length = 0
}
