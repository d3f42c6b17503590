import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Comparer } from '../../bench/dashboard/compare.ts'
import { RowTimes } from '../../bench/dashboard/row-times.ts'
import { type Statement } from '../../bench/dashboard/statement.ts'
import { answered, STATEMENT } from './support.ts'

const SECOND = 1_000
const NOW = Date.parse('2026-11-26T01:00:00.000Z')

let server: Server | undefined
afterEach(() => {
  server?.close()
  server = undefined
})

/** A Druid of one's own: what it answers at the moment that it is told. */
async function druid(answerAt: (nowMs: number) => readonly object[]): Promise<string> {
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const { context } = JSON.parse(text) as { context?: { sqlCurrentTimestamp?: string } }
      const rows = answerAt(Date.parse(context?.sqlCurrentTimestamp ?? ''))
      response.end(`${JSON.stringify(rows)}\n`)
    })
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function compared(
  url: string,
  compare: (comparer: Comparer) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const comparer = new Comparer(url)
  try {
    return await compare(comparer)
  } finally {
    comparer.close()
  }
}

/** The last ten seconds, without an end. */
const RELATIVE: Statement = {
  ...STATEMENT,
  range: {
    relative: true,
    span: (nowMs) => ({ startMs: nowMs - 10 * SECOND, endMs: Number.POSITIVE_INFINITY }),
    where: () => '',
  },
}
/** Rows leave the window 3 s, 2 s and 1 s before now, and later than now. */
const ROWS = new RowTimes([-13, -12, -11, -5, -4].map((second) => NOW + second * SECOND))

test.each([
  [6, 'more than there are', 1],
  [5, 'those of five seconds ago', 0],
  [4, 'those of a moment in between', 0],
  [3, 'those of another', 0],
  [2, 'those of now', 0],
  [1, 'fewer', 1],
])('%i rows, %s: wrong answers %i', async (n, _, wrong) => {
  const count = (nowMs: number): number =>
    ROWS.count({ startMs: nowMs - 10 * SECOND, endMs: Number.POSITIVE_INFINITY })
  const url = await druid((nowMs) => [{ n: count(nowMs) }])
  const one = answered({ statement: RELATIVE, askedAtMs: NOW, answeredAtMs: NOW + 5, rows: [{ n }] })
  expect(await compared(url, (comparer) => comparer.exact([one], ROWS))).toHaveLength(wrong)
})

test('of a series only the buckets that were over are compared', async () => {
  const statement: Statement = {
    ...STATEMENT,
    table: 'stream',
    range: { span: () => ({ startMs: NOW - 120 * SECOND, endMs: NOW }), where: () => '' },
    counts: { column: 1, bucketMs: 10 * SECOND },
  }
  const row = (second: number, n: number): object => ({
    t: new Date(NOW + second * SECOND).toISOString(),
    n,
  })
  const url = await druid(() => [row(-120, 9), row(-60, 6), row(-10, 3)])
  const wrongs = (rows: readonly object[]): Promise<readonly string[]> =>
    compared(url, (comparer) => comparer.sealed([answered({ statement, askedAtMs: NOW, rows })]))
  expect(await wrongs([row(-120, 1), row(-60, 6), row(-10, 1)])).toEqual([])
  expect(await wrongs([row(-120, 9), row(-60, 5), row(-10, 3)])).toHaveLength(1)
})

test('what Druid itself answers in another way after a while is asked once more of both', async () => {
  const url = await druid(() => [{ n: 2 }])
  const wrongs = (statement: Statement, ours: string): Promise<readonly string[]> =>
    compared(url, (comparer) => comparer.literal([answered({ statement, rows: [{ n: 1 }] })], ours))
  expect(await wrongs({ ...STATEMENT, approximate: true }, url)).toEqual([])
  expect(await wrongs(STATEMENT, url)).toHaveLength(1)
})
