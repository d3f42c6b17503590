// `ovate verify` between two stand-ins over HTTP, which answer as they are told.
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { httpSide } from '../../src/app/verify/side.ts'
import { readStatements } from '../../src/app/verify/statements.ts'
import { verify } from '../../src/app/verify.ts'
import { type Report } from '../../src/app/verify/report.ts'

interface Sent {
  readonly body: string
  readonly authorization: string | undefined
}

interface StandIn {
  readonly url: string
  readonly sent: Sent[]
}

interface Reply {
  readonly status?: number
  readonly body: string
  readonly cache?: string
  /** The connection breaks after the body. */
  readonly cut?: boolean
}

/** What the n-th request (from 0) gets; undefined: nothing, ever. */
type Script = (body: string, index: number) => Reply | undefined

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function standIn(script: Script): Promise<StandIn> {
  const sent: Sent[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      sent.push({ body, authorization: request.headers.authorization })
      const reply = script(body, sent.length - 1)
      if (reply === undefined) return
      response.writeHead(reply.status ?? 200, { 'Cache-Status': reply.cache ?? '' })
      if (reply.cut === true) response.write(reply.body, () => response.destroy())
      else response.end(reply.body)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent }
}

const REFUSED: Reply = { status: 401, body: 'no' }
const NOW_MS = Date.UTC(2026, 10, 20, 12)
const COUNT = 'SELECT COUNT(*) AS n FROM t'
const ABOUT_NOW = 'SELECT COUNT(*) AS n FROM t WHERE __time > CURRENT_TIMESTAMP'

function answer(...rows: readonly string[]): Reply {
  return { body: `[${['["n"],["LONG"],["BIGINT"]', ...rows].join()}]\n` }
}
const always =
  (reply: Reply): Script =>
  () =>
    reply

interface Run {
  readonly sql?: string
  readonly rounds?: number
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

async function run(ovate: StandIn, druid: StandIn, more: Run = {}): Promise<Report> {
  const { sql = COUNT, rounds = 1, timeoutMs = 20_000, signal = new AbortController().signal } = more
  const side = ({ url }: StandIn): ReturnType<typeof httpSide> =>
    httpSide({ url, authorization: 'Basic secret', timeoutMs })
  return await verify(
    {
      statements: readStatements(sql),
      rounds,
      ovate: side(ovate),
      druid: side(druid),
      concurrency: 2,
      nowMs: NOW_MS,
    },
    signal,
  )
}

async function verdict(ovate: Script, druid: Script, more: Run = {}): Promise<string> {
  const report = await run(await standIn(ovate), await standIn(druid), more)
  return report.statements.map((one) => one.verdict).join()
}

describe('a statement', () => {
  test.each<[string, Script, Script, string]>([
    ['answered alike', always(answer('[1]')), always(answer('[1]')), 'same'],
    ['answered in another order', always(answer('[2]', '[1]')), always(answer('[1]', '[2]')), 'order'],
    ['answered otherwise', always(answer('[2]')), always(answer('[1]')), 'different'],
    [
      'answered otherwise, and alike when asked again',
      (_, index) => answer(index === 0 ? '[2]' : '[1]'),
      always(answer('[1]')),
      'different',
    ],
    ['whose data move', always(answer('[1]')), (_, index) => answer(`[${index + 2}]`), 'moving'],
    [
      'refused on both sides, each in its words',
      always({ status: 400, body: 'no' }),
      always({ status: 400, body: 'not so' }),
      'refused',
    ],
    ['refused by Ovate alone', always({ status: 503, body: 'x' }), always(answer('[1]')), 'error'],
    ['refused by Druid alone', always(answer('[1]')), always({ status: 403, body: 'x' }), 'error'],
    [
      'refused otherwise',
      always({ status: 500, body: 'x' }),
      always({ status: 400, body: 'x' }),
      'different',
    ],
    ['cut by Ovate', always({ ...answer('[1]'), cut: true }), always(answer('[1]')), 'error'],
    [
      'that ends too early, as if in order',
      always({ body: '[["n"],["LONG"]' }),
      always(answer('[1]')),
      'different',
    ],
  ])('%s', async (_, ovate, druid, expected) => {
    expect(await verdict(ovate, druid)).toBe(expected)
  })

  test('that gets no answer in time is an error on that side', async () => {
    const report = await run(await standIn(() => undefined), await standIn(always(answer('[1]'))), {
      timeoutMs: 100,
    })
    expect(report.statements[0]).toMatchObject({ verdict: 'error' })
    expect(report.statements[0]?.notes[0]).toMatch(
      /^Ovate: no answer: .*timeout.*, Druid: 200 \(also when asked again\)$/,
    )
  })

  test('is told by the worst of its rounds', async () => {
    const report = await run(
      await standIn((_, index) => answer(index === 1 ? '[2]' : '[1]')),
      await standIn(always(answer('[1]'))),
      { rounds: 3 },
    )
    expect(report.statements[0]).toMatchObject({
      verdict: 'different',
      rounds: { same: 2, different: 1 },
      notes: ['row 1: [2] instead of [1] (not when asked again)'],
    })
  })

  test('that changed since the round before is moving, though Druid says the same twice', async () => {
    const druid: Script = (_, index) => answer(index === 0 ? '[1]' : '[2]')
    expect(await verdict(always(answer('[1]')), druid, { rounds: 2 })).toBe('moving')
  })
})

test('both sides get the same request, with the credentials, and hits are counted', async () => {
  const hit = { ...answer('[1]'), cache: 'ovate; hit; detail="whole"' }
  const ovate = await standIn((_, index) =>
    index === 0 ? { ...hit, cache: 'ovate; fwd=miss; detail="whole"' } : hit,
  )
  const druid = await standIn(always(answer('[1]')))
  const report = await run(ovate, druid, { rounds: 3 })
  expect(ovate.sent).toEqual(druid.sent)
  expect(ovate.sent[0]?.authorization).toBe('Basic secret')
  expect(report.statements[0]).toMatchObject({ hits: 2, verdict: 'same' })
  expect(report.statements[0]?.faster).toBeGreaterThan(0)
})

test('all rounds and both sides have one now', async () => {
  const [ovate, druid] = [await standIn(always(answer('[1]'))), await standIn(always(answer('[1]')))]
  await run(ovate, druid, { sql: ABOUT_NOW, rounds: 2 })
  const nows = [...ovate.sent, ...druid.sent].map(
    ({ body }) => (JSON.parse(body) as { context: object }).context,
  )
  expect(new Set(nows.map((one) => JSON.stringify(one)))).toEqual(
    new Set(['{"sqlCurrentTimestamp":"2026-11-20T12:00:00.000Z"}']),
  )
})

test('where Druid refuses the key, each has its own now, and that is said', async () => {
  const druid = await standIn((body) =>
    body.includes('sqlCurrentTimestamp') ? { status: 403, body: 'Unauthorized' } : answer('[1]'),
  )
  const ovate = await standIn(always(answer('[1]')))
  const report = await run(ovate, druid, { sql: ABOUT_NOW, rounds: 2 })
  expect(report.statements[0]).toMatchObject({ verdict: 'same' })
  expect(report.statements[0]?.notes).toEqual([
    'Druid refuses the context key sqlCurrentTimestamp (403 Unauthorized): each side has a now of its own',
  ])
  expect(ovate.sent.some(({ body }) => body.includes('sqlCurrentTimestamp'))).toBe(false)
})

test.each<[string, Script, Script, number]>([
  ['answered by both', always(answer('[1]')), always(answer('[1]')), 3],
  ['answered by both at last', (_, index) => (index < 1 ? REFUSED : answer('[1]')), always(answer('[1]')), 2],
  ['refused by both', always(REFUSED), always(REFUSED), 0],
  ['refused by one', always(answer('[1]')), always(REFUSED), 0],
])('rounds are counted that compared answers: %s', async (_, ovate, druid, answered) => {
  const report = await run(await standIn(ovate), await standIn(druid), { sql: COUNT, rounds: 3 })
  expect(report.statements[0]?.answered).toBe(answered)
})

test('no more are asked at once than was said', async () => {
  let [running, most] = [0, 0]
  const side = async (): Promise<{
    kind: 'answer'
    status: number
    body: Buffer
    cache: string
    tookMs: number
  }> => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
    return { kind: 'answer', status: 200, body: Buffer.from(answer('[1]').body), cache: '', tookMs: 1 }
  }
  const statements = readStatements(Array.from({ length: 10 }, (_, n) => `SELECT ${n}`).join(';\n'))
  const report = await verify(
    { statements, rounds: 2, ovate: side, druid: side, concurrency: 3, nowMs: NOW_MS },
    new AbortController().signal,
  )
  expect([most, report.statements.length]).toEqual([3, 10])
})

test('an abort ends it at once', async () => {
  const stop = new AbortController()
  const silent = await standIn(() => {
    stop.abort(new Error('told to stop'))
    return undefined
  })
  await expect(run(silent, silent, { signal: stop.signal, rounds: 5 })).rejects.toThrow('told to stop')
  expect(silent.sent.length).toBeLessThan(3)
})
