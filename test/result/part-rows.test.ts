import { describe, expect, test } from 'vitest'
import { KeptReader } from '../../src/result/kept-reader.ts'
import { PartCollector } from '../../src/result/part-rows.ts'

const HEAD =
  '["d","n","__ovate_bucket","__ovate_order_0"],["LONG","LONG","LONG","DOUBLE"],["TIMESTAMP","BIGINT","BIGINT","DOUBLE"]'

function collect(rows: readonly string[], limits = { rows: 100, bytes: 10_000 }, visible = 2): PartCollector {
  const collector = new PartCollector(visible, limits)
  const reader = new KeptReader(collector)
  const text = `[${[HEAD, ...rows].join(',')}]\n`
  // In pieces, as it comes from a socket.
  for (let at = 0; at < text.length; at += 7) reader.push(Buffer.from(text.slice(at, at + 7)))
  reader.end()
  expect(reader.complete).toBe(true)
  return collector
}

describe('an answer of parts', () => {
  test('gives rows by bucket, the added columns apart', () => {
    const found = collect(['["a",1,0,1.5]', '["b",2,3600000,null]', '["a",9007199254740993,0,2.5]']).result()
    expect(found?.head.rows.map(String)).toEqual(['["d","n"]', '["LONG","LONG"]', '["TIMESTAMP","BIGINT"]'])
    expect(found?.head.types).toEqual(['LONG', 'LONG', 'LONG', 'DOUBLE'])
    expect({
      bytes: found?.rows.bytes.toString(),
      buckets: [...(found?.rows.buckets ?? [])],
      firstRows: [...(found?.rows.firstRows ?? [])],
      added: found?.rows.added.map(String),
    }).toEqual({
      bytes: '["a",1],["a",9007199254740993],["b",2],',
      buckets: [0, 3_600_000],
      firstRows: [0, 2, 3],
      added: ['1.5', '2.5', 'null'],
    })
  })

  test.each([
    ['a bucket that is no instant', ['["a",1,null,1.5]'], undefined, 'not-understood'],
    ['too many rows', ['["a",1,0,1.5]', '["b",1,0,1.5]'], { rows: 1, bytes: 10_000 }, 'too-large'],
    ['too many bytes', ['["a",1,0,1.5]'], { rows: 10, bytes: 5 }, 'too-large'],
  ])('%s', (_, rows, limits, bad) => {
    expect(collect(rows, limits).bad).toBe(bad)
  })

  test('without the added columns is of no use', () => {
    expect(collect([], undefined, 4).bad).toBe('not-understood')
  })
})
