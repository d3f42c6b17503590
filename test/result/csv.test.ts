// Lists that are left as lists, and strings that are none.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KEPT_FORMAT, RESULT_FORMATS } from '../../src/result/format.ts'
import { render } from '../../src/result/render.ts'
import { Transcoder } from '../../src/result/transcoder.ts'

type Recorded = Record<string, Record<string, string>>
/** Recorded of Druid 33.0.0 with `sqlStringifyArrays: false`, but for 'lists as texts'. */
const RECORDED = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/druid/lists.json'), 'utf8'),
) as Recorded

const FORMATS = RESULT_FORMATS.filter((format) => format !== 'array')
const CASES = Object.entries(RECORDED).flatMap(([answer, forms]) =>
  FORMATS.map((resultFormat) => ({
    answer,
    resultFormat,
    kept: forms['kept'] ?? '',
    body: forms[resultFormat],
  })),
)

test.each(CASES)('$answer as $resultFormat: what Druid wrote', ({ resultFormat, kept, body }) => {
  expect(render(Buffer.from(kept), { ...KEPT_FORMAT, resultFormat }).toString()).toBe(body)
})

const HEAD = '[["a","b"],["STRING","LONG"],["VARCHAR","BIGINT"]'

function read(cell: string, resultFormat: (typeof RESULT_FORMATS)[number], pieceBytes: number): boolean {
  const transcoder = new Transcoder({ ...KEPT_FORMAT, resultFormat })
  const bytes = Buffer.from(`${HEAD},[${cell},1]]\n`, 'latin1')
  for (let at = 0; at < bytes.length; at += pieceBytes) transcoder.write(bytes.subarray(at, at + pieceBytes))
  return transcoder.end().complete
}

describe.each(RESULT_FORMATS)('%s', (resultFormat) => {
  test.each(['"\\q"', '"\\n\u0001"', '"\\u12"', '"\\u12g4"', '"a\nb"', '["\\q"]', '{"\\u":1}', '"\\'])(
    'a cell %j makes the answer incomplete, and nothing throws',
    (cell) => {
      expect(read(cell, resultFormat, 1_000)).toBe(false)
      expect(read(cell, resultFormat, 1)).toBe(false)
    },
  )

  test('takes a string exactly when JSON.parse does, however it is cut', () => {
    const piece = fc.constantFrom(
      '\\',
      'u',
      'n',
      'q',
      '"',
      '/',
      '0',
      'aF',
      'x',
      '\t',
      '\u001f',
      '\u007f',
      'é',
    )
    const pieces = fc.array(piece, { maxLength: 10 })
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 9 }), (parts, pieceBytes) => {
        const text = `"${parts.join('')}"`
        expect(read(text, resultFormat, pieceBytes)).toBe(parses(text))
      }),
      { numRuns: 500 },
    )
  })
})

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('an object among the cells stays one field', () => {
  const kept = Buffer.from(`${HEAD},[{"a":"}","b":2},1]]\n`)
  const wire = { ...KEPT_FORMAT, header: false, resultFormat: 'csv' } as const
  expect(render(kept, wire).toString()).toBe('"{""a"":""}"",""b"":2}",1\n\n')
})

// As 33.0.0 answers `SELECT city, SUBSTRING(city, 1, 1)` where the city is 🌍.
test('half a character is a question mark', () => {
  const kept = Buffer.from(`${HEAD},["\\uD83C\\uDF0D","\\uD83C"],["\\uDF0D,","\\uD83Ca"]]\n`)
  const wire = { ...KEPT_FORMAT, header: false, resultFormat: 'csv' } as const
  expect(render(kept, wire).toString()).toBe('🌍,?\n"?,",?a\n\n')
})
