// Segments: what queries see, and what the list of candidates says, as the data changes.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { segmentOf } from '../../src/freshness/segments.ts'
import { ALL_TIME } from '../../src/time/all-time.ts'
import { intervalText } from '../../src/time/instant-text.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { DAY_MS, type SandboxTable } from '../../src/sandbox/store.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ask, askSql } from './ask.ts'
import { sandboxAvailable } from './available.ts'

const DAY = Date.UTC(2026, 10, 1)
const ETERNITY = ALL_TIME.map(intervalText).join()
let sandbox: Sandbox
let table: SandboxTable
const clock = new ManualClock()

describe.runIf(sandboxAvailable)('the segments', () => {
  beforeEach(async () => {
    sandbox = await startSandbox({ clock, days: 0 })
    const columns = new Map([
      ['__time', 'TIMESTAMP'],
      ['country', 'VARCHAR'],
      ['added', 'BIGINT'],
    ] as const)
    table = await sandbox.engine.createTable('edits', columns)
    await table.append([
      { __time: DAY + 1, country: 'US', added: 1 },
      { __time: DAY + DAY_MS, country: 'DE', added: 2 },
    ])
  })
  afterEach(async () => {
    await sandbox.close()
  })

  async function sums(): Promise<unknown> {
    return JSON.parse((await askSql(sandbox.url, 'SELECT COUNT(*), SUM(added) FROM edits')).text)
  }

  interface Segment {
    readonly interval: string
    readonly version: string
    readonly partitionNumber: number
    readonly size: number
    readonly locations: readonly { readonly type: string }[]
  }

  async function segments(intervals = '2026-11-01/2026-11-03'): Promise<string[]> {
    const { text } = await ask(`${sandbox.url}/druid/v2/datasources/edits/candidates?intervals=${intervals}`)
    const list = JSON.parse(text) as Segment[]
    return list.map(({ interval, version, partitionNumber, size, locations }) => {
      const days = interval.replaceAll(/2026-11-|:00\.000Z/g, '')
      return `${days} v${Number(version.slice(-4, -1))} p${partitionNumber} ${locations[0]?.type} ${size > 0}`
    })
  }

  test('whole days, one partition each', async () => {
    expect(await segments()).toEqual([
      '01T00:00/02T00:00 v1 p0 historical true',
      '02T00:00/03T00:00 v2 p0 historical true',
    ])
  })

  test('late rows are a new partition of the same version', async () => {
    await table.append([{ __time: DAY + 5, country: null, added: 4 }])
    expect(await sums()).toEqual([[3, 7]])
    expect(await segments('2026-11-01/2026-11-02')).toEqual([
      '01T00:00/02T00:00 v1 p0 historical true',
      '01T00:00/02T00:00 v1 p1 historical true',
    ])
  })

  test('realtime rows grow one segment, whose name stays; a hand-off changes who serves it', async () => {
    await table.append([{ __time: DAY + 6, added: 8 }], true)
    const before = await segments('2026-11-01/2026-11-02')
    await table.append([{ __time: DAY + 7, added: 16 }], true)
    expect(await segments('2026-11-01/2026-11-02')).toEqual(before)
    expect(before[1]).toBe('01T00:00/02T00:00 v1 p1 indexer-executor false')
    expect(await sums()).toEqual([[4, 27]])
    table.handOff()
    expect((await segments('2026-11-01/2026-11-02'))[1]).toBe('01T00:00/02T00:00 v1 p1 historical true')
    await table.append([{ __time: DAY + 8, added: 1 }], true)
    expect(await segments('2026-11-01/2026-11-02')).toHaveLength(3)
  })

  test('a reindex replaces days under a new version', async () => {
    await table.reindex(DAY, DAY + DAY_MS, { added: 'added * 100' })
    expect(await sums()).toEqual([[2, 102]])
    expect(await segments('2026-11-01/2026-11-02')).toEqual(['01T00:00/02T00:00 v3 p0 historical true'])
  })

  test('compaction keeps the rows', async () => {
    await table.append([{ __time: DAY + 5, country: 'FR', added: 4 }])
    await table.compact(DAY, DAY + DAY_MS)
    expect(await sums()).toEqual([[3, 7]])
    expect(await segments('2026-11-01/2026-11-02')).toEqual(['01T00:00/02T00:00 v3 p0 historical true'])
  })

  test('dropped days come back as they were', async () => {
    const before = await segments()
    table.drop(DAY, DAY + DAY_MS)
    expect(await sums()).toEqual([[1, 2]])
    expect(await segments()).toHaveLength(1)
    table.restore(DAY, DAY + DAY_MS)
    expect(await sums()).toEqual([[2, 3]])
    expect(await segments()).toEqual(before)
  })

  test('a day that was dropped and written again does not come back twice', async () => {
    table.drop(DAY, DAY + DAY_MS)
    await table.append([{ __time: DAY + 1, country: 'US', added: 50 }])
    table.restore(DAY, DAY + DAY_MS)
    expect(await sums()).toEqual([[2, 52]])
  })

  test('a new column is null in old rows', async () => {
    await table.addColumn('note', 'VARCHAR')
    await table.append([{ __time: DAY + 9, note: 'new' }])
    const { text } = await askSql(sandbox.url, 'SELECT note, COUNT(*) FROM edits GROUP BY 1')
    expect(JSON.parse(text)).toEqual([
      [null, 2],
      ['new', 1],
    ])
  })

  test('a table without rows has neither segments nor groups', async () => {
    table.drop(DAY, DAY + 2 * DAY_MS)
    expect(await sums()).toEqual([[0, null]])
    expect(await segments()).toEqual([])
  })

  test('candidates are clipped, and listed once for each interval that they meet', async () => {
    expect(
      await segments('2026-11-01T03:00:00.000Z/2026-11-01T05:00:00.000Z,2026-11-01T06:00/2026-11-02T01:00'),
    ).toEqual([
      '01T03:00/01T05:00 v1 p0 historical true',
      '01T06:00/02T00:00 v1 p0 historical true',
      '02T00:00/02T01:00 v2 p0 historical true',
    ])
    expect(await segments(ETERNITY)).toHaveLength(2)
    expect(await segments('2027-01-01/2028-01-01')).toEqual([])
  })

  test.each([
    [
      Date.UTC(12_345, 0, 2),
      '12345-01-02T00:00:00.000Z/12345-01-03T00:00:00.000Z',
      '12345-01-02T00:00:00.005Z',
    ],
    [-63_549_100_800_000, '-0044-03-18T00:00:00.000Z/-0044-03-19T00:00:00.000Z', '-0044-03-18T00:00:00.005Z'],
  ])(
    'days of other years than 0 to 9999 are read and written as Druid does: %d',
    async (day, days, moment) => {
      await table.append([{ __time: day + 5, added: 7 }])
      const url = `${sandbox.url}/druid/v2/datasources/edits/candidates?intervals=`
      for (const intervals of [ETERNITY, days, intervalText({ startMs: day, endMs: day + DAY_MS })]) {
        const list = JSON.parse((await ask(url + intervals)).text) as Segment[]
        expect(list.map(({ interval }) => interval).filter((one) => !one.startsWith('2026'))).toEqual([days])
        expect(list.map(segmentOf)).toContainEqual(
          expect.objectContaining({ startMs: day, endMs: day + DAY_MS, sealed: true }),
        )
      }
      const before = intervalText({ startMs: Date.UTC(2026, 0, 1), endMs: Date.UTC(2027, 0, 1) })
      expect(JSON.parse((await ask(url + before)).text)).toHaveLength(2)
      const { text } = await askSql(sandbox.url, 'SELECT __time, added FROM edits WHERE added = 7')
      expect(JSON.parse(text)).toEqual([[moment, 7]])
    },
  )

  test.each(['', '?intervals=', '?intervals=garbage', '?intervals=2026-01-01'])(
    'candidates%s get a page',
    async (query) => {
      const got = await ask(`${sandbox.url}/druid/v2/datasources/edits/candidates${query}`)
      expect([got.status, got.headers['content-type']]).toEqual([500, 'text/html;charset=iso-8859-1'])
    },
  )

  test('a segment is listed when its rows are there, and changes wait for each other', async () => {
    const writing = Promise.all([
      ...[1, 2, 3].map((added) => table.append([{ __time: DAY + added, added }])),
      table.compact(DAY, DAY + DAY_MS),
      table.append([{ __time: DAY, added: 10 }], true),
    ])
    const seen: number[][] = []
    for (let look = 0; look < 20; look += 1) {
      const listed = table.visible().length
      const [[rows = 0] = []] = (await sums()) as number[][]
      seen.push([listed, rows])
    }
    await writing
    // Before the compaction each partition holds one row.
    expect(seen.filter(([listed = 0, rows = 0]) => rows < listed)).toEqual([])
    expect(await sums()).toEqual([[6, 19]])
    expect(await segments('2026-11-01/2026-11-02')).toEqual([
      '01T00:00/02T00:00 v3 p0 historical true',
      '01T00:00/02T00:00 v3 p1 indexer-executor false',
    ])
  })

  test('an unknown datasource has no candidates', async () => {
    const got = await ask(
      `${sandbox.url}/druid/v2/datasources/nope/candidates?intervals=2026-01-01/2027-01-01`,
    )
    expect([got.status, got.text]).toEqual([200, '[]'])
  })

  test('stream grows by steps, and by itself when it lives', async () => {
    const count = async (one: Sandbox): Promise<unknown> =>
      JSON.parse((await askSql(one.url, 'SELECT COUNT(*) FROM stream')).text)
    expect(await count(sandbox)).toEqual([[0]])
    await sandbox.grow()
    expect(await count(sandbox)).toEqual([[5]])
    const time = new ManualClock()
    const live = await startSandbox({ clock: time, days: 0, live: true })
    try {
      const first = (await count(live)) as number[][]
      await time.advance(1_000)
      const deadlineMs = Date.now() + 10_000
      while (JSON.stringify(await count(live)) === JSON.stringify(first) && Date.now() < deadlineMs)
        await time.advance(1_000)
      expect(await count(live)).not.toEqual(first)
    } finally {
      await live.close()
    }
  })

  test('sample data is the same for the same seed, other for another', async () => {
    const events = async (seed: number): Promise<string> => {
      const one = await startSandbox({ clock, days: 2, rowsPerDay: 200, seed })
      try {
        return (await askSql(one.url, 'SELECT * FROM events ORDER BY __time LIMIT 1000')).text
      } finally {
        await one.close()
      }
    }
    expect(await events(1)).toBe(await events(1))
    expect(await events(1)).not.toBe(await events(2))
  })
})
