import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KEPT_FORMAT, RESULT_FORMATS, type ResultFormat, type WireFormat } from '../../src/result/format.ts'
import { render } from '../../src/result/render.ts'
import { isKeptForm, Transcoder } from '../../src/result/transcoder.ts'

type Recorded = Record<string, Record<string, string>>
const RECORDED = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/druid/formats.json'), 'utf8'),
) as Recorded

const HEADERS: Record<string, Omit<WireFormat, 'resultFormat'>> = {
  nohdr: { header: false, typesHeader: false, sqlTypesHeader: false },
  header: { header: true, typesHeader: false, sqlTypesHeader: false },
  types: { header: true, typesHeader: true, sqlTypesHeader: false },
  onlysql: { header: true, typesHeader: false, sqlTypesHeader: true },
  sqltypes: { header: true, typesHeader: true, sqlTypesHeader: true },
}
const WIRES: WireFormat[] = RESULT_FORMATS.flatMap((resultFormat) =>
  Object.values(HEADERS).map((headers) => ({ resultFormat, ...headers })),
)

/** What was recorded of Druid 33.0.0, all written from the one form that is kept. */
const CASES = Object.entries(RECORDED).flatMap(([answer, forms]) =>
  Object.entries(forms).map(([form, body]) => ({ answer, form, body, kept: forms['array sqltypes'] ?? '' })),
)

test('there are recordings of each format with each head', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(3 * WIRES.length)
})

test.each(CASES)('$answer as $form is what Druid wrote', ({ form, body, kept }) => {
  const [resultFormat = '', headers = ''] = form.split(' ')
  const wire = {
    resultFormat: resultFormat as ResultFormat,
    ...(HEADERS[headers] ?? KEPT_FORMAT),
  } as WireFormat
  expect(render(Buffer.from(kept), { ...wire, resultFormat: resultFormat as ResultFormat }).toString()).toBe(
    body,
  )
})

const awkward = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.constantFrom(
    '',
    ',',
    '"',
    '\\',
    '\n',
    '\r',
    ']',
    '[[',
    '}',
    '":',
    ' ',
    'é',
    '日本',
    '\u0001',
    'null',
    'NaN',
  ),
)
const cell = fc.oneof(
  awkward.map((text) => JSON.stringify(text)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom(
    'null',
    'true',
    'false',
    '1.0E7',
    '-0.0',
    '3.242149999999999',
    '"NaN"',
    '[1,[2,"]"]]',
    '{"a":"}"}',
  ),
)
const table = fc.integer({ min: 1, max: 4 }).chain((columns) => {
  const row = (value: fc.Arbitrary<string>): fc.Arbitrary<string[]> =>
    fc.array(value, { minLength: columns, maxLength: columns })
  const name = row(awkward.map((text) => JSON.stringify(text)))
  const types = row(fc.constantFrom('"LONG"', '"STRING"', '"ARRAY<LONG>"', 'null'))
  return fc.record({ names: name, types, sqlTypes: types, rows: fc.array(row(cell), { maxLength: 5 }) })
})
interface Table {
  readonly names: string[]
  readonly types: string[]
  readonly sqlTypes: string[]
  readonly rows: string[][]
}

function keptOf({ names, types, sqlTypes, rows }: Table): Buffer {
  const lines = [names, types, sqlTypes, ...rows].map((row) => `[${row.join(',')}]`)
  return Buffer.from(`[${lines.join(',')}]\n`)
}

/** The same by plain text, token by token: slow, obvious. */
function reference(given: Table, { resultFormat, header, typesHeader, sqlTypesHeader }: WireFormat): string {
  const { names, types, sqlTypes, rows } = given
  const heads = header ? [names, ...(typesHeader ? [types] : []), ...(sqlTypesHeader ? [sqlTypes] : [])] : []
  const arrays = [...heads, ...rows].map((row) => `[${row.join(',')}]`)
  const object = (row: string[]): string => `{${row.map((value, i) => `${names[i]}:${value}`).join(',')}}`
  const described = names.map((_, i) => {
    const parts = [
      ...(typesHeader ? [`"type":${types[i]}`] : []),
      ...(sqlTypesHeader ? [`"sqlType":${sqlTypes[i]}`] : []),
    ]
    return parts.length === 0 ? 'null' : `{${parts.join(',')}}`
  })
  const objects = [...(header ? [described] : []), ...rows].map(object)
  switch (resultFormat) {
    case 'array':
      return `[${arrays.join(',')}]\n`
    case 'object':
      return `[${objects.join(',')}]\n`
    case 'arrayLines':
      return `${arrays.join('\n')}\n\n`
    case 'objectLines':
      return `${objects.join('\n')}\n\n`
    case 'csv':
      return `${[...heads, ...rows].map((row) => `${csvLine(row)}\n`).join('')}\n`
  }
}

function csvLine(row: string[]): string {
  const fields = row.map((token) => {
    const text = csvTextOf(token)
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  })
  return fields.length === 1 && fields[0] === '' ? '""' : fields.join(',')
}

function csvTextOf(token: string): string {
  if (token === 'null') return ''
  if (token.startsWith('"')) return JSON.parse(token) as string
  return token.startsWith('[') ? listOf(JSON.parse(token) as unknown[]) : token
}

/** As Java writes a list. */
function listOf(items: unknown[]): string {
  return `[${items.map((item) => (Array.isArray(item) ? listOf(item) : String(item))).join(', ')}]`
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return points.slice(1).map((point, index) => bytes.subarray(points[index], point))
}

describe('any table', () => {
  test('in any format, cut anywhere, is what the reference writes', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 8 })
    fc.assert(
      fc.property(table, fc.constantFrom(...WIRES), cuts, (given, wire, where) => {
        const transcoder = new Transcoder(wire)
        const written = cutAt(keptOf(given), where).map((chunk) => Buffer.from(transcoder.write(chunk)))
        const { complete, tail } = transcoder.end()
        expect(complete).toBe(true)
        expect(Buffer.concat([...written, tail]).toString()).toBe(reference(given, wire))
      }),
      { numRuns: 1_000 },
    )
  })

  test('is incomplete at every place where it could be cut, and with anything after it', () => {
    fc.assert(
      fc.property(table, fc.constantFrom(...WIRES), (given, wire) => {
        const kept = keptOf(given)
        const whole = reference(given, wire)
        for (let end = 0; end < kept.length; end += 1) {
          const transcoder = new Transcoder(wire)
          const body = transcoder.write(kept.subarray(0, end)).toString('latin1')
          const { complete, tail } = transcoder.end()
          expect(complete).toBe(false)
          expect(tail.length).toBeLessThanOrEqual(kept.length)
          const written = Buffer.from(whole)
            .toString('latin1')
            .startsWith(body + tail.toString('latin1'))
          expect(written || isKeptForm(wire)).toBe(true)
        }
        const transcoder = new Transcoder(wire)
        transcoder.write(Buffer.concat([kept, Buffer.from('\n')]))
        expect(transcoder.end().complete).toBe(false)
      }),
      { numRuns: 30 },
    )
  })
})

test('bytes that are no answer never throw, and are never complete unless they are one', () => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    '[[',
    ']]',
    ',',
    '"',
    '\\',
    '{',
    '}',
    '1',
    'null',
    '\n',
    ' ',
    'x',
    '\u0000',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), fc.constantFrom(...WIRES), (parts, wire) => {
      const transcoder = new Transcoder(wire)
      for (const part of parts) transcoder.write(Buffer.from(part))
      const { complete } = transcoder.end()
      // A cell may hold any word; between cells nothing is forgiven.
      const text = parts.join('').replaceAll('x', '1')
      expect(!complete || parses(text)).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('a row that comes in many pieces is read once it is there, not once for each piece', () => {
  const long = JSON.stringify('x'.repeat(3_000_000))
  const kept = Buffer.from(`[["a"],["STRING"],["VARCHAR"],[${long}]]\n`)
  const transcoder = new Transcoder({ ...KEPT_FORMAT, resultFormat: 'arrayLines' })
  const written: Buffer[] = []
  for (let at = 0; at < kept.length; at += 1_000)
    written.push(Buffer.from(transcoder.write(kept.subarray(at, at + 1_000))))
  const { complete, tail } = transcoder.end()
  expect(complete).toBe(true)
  expect(Buffer.concat([...written, tail]).length).toBe(
    '["a"]\n["STRING"]\n["VARCHAR"]\n'.length + long.length + 4,
  )
})
