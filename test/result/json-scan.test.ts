import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanJsonObject } from '../../src/result/json-scan.ts'

const DEPTH = 64

function scan(text: string): ReturnType<typeof scanJsonObject> {
  return scanJsonObject(Buffer.from(text), 0, DEPTH)
}

describe('an object', () => {
  test('that JSON.parse reads has the same members, with their text', () => {
    const value = fc.json({ maxDepth: 4 })
    const object = fc.dictionary(fc.string({ unit: 'grapheme' }), value, { maxKeys: 5 })
    fc.assert(
      fc.property(object, fc.constantFrom('', ' ', '\n\t '), (members, blank) => {
        const parts = Object.entries(members).map(
          ([key, text]) => `${blank}${JSON.stringify(key)}${blank}:${blank}${text}${blank}`,
        )
        const text = `${blank}{${parts.join(',')}${blank}}`
        const found = scan(text)
        if (!found.ok) throw new Error(found.message)
        const bytes = Buffer.from(text)
        const texts = found.members.map(({ key, valueStart, valueEnd }) => [
          key,
          bytes.toString('utf8', valueStart, valueEnd),
        ])
        expect(texts).toEqual(Object.entries(members))
        expect(found.end).toBe(bytes.length)
      }),
    )
  })

  test('is taken exactly when JSON.parse takes it', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u00e9"',
      '"\\x"',
      '"',
      '1',
      '-0',
      '01',
      '1.',
      '.5',
      '1e5',
      '1E+',
      '-',
      'true',
      'nul',
      'null',
      ' ',
      '\n',
      '\u00a0',
      '+1',
      'Infinity',
      '// c',
      '\u0007',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = `{${pieces.join('')}}`
        const found = scan(text)
        const whole = found.ok && text.slice(found.end).trim() === ''
        expect(whole).toBe(parses(text))
      }),
      { numRuns: 5_000 },
    )
  })

  test('shows a name that comes twice twice', () => {
    const found = scan('{"a":1,"a":2}')
    expect(found.ok && found.members.map(({ key }) => key)).toEqual(['a', 'a'])
  })

  test('ends where it ends, whatever follows', () => {
    expect(scan('{"a":1} trailing')).toMatchObject({ ok: true, end: 7 })
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

describe('what is no object', () => {
  test.each([
    ['', 'the end of the body'],
    ['[1]', 'an object at byte 0'],
    ['{"a":1', "',' or '}'"],
    ['{"a":"', 'the end of a string'],
    ['{"a":01}', "',' or '}'"],
    ["{'a':1}", 'a string'],
    [`{"a":${'['.repeat(70)}${']'.repeat(70)}}`, 'no more than 64 levels'],
  ])('%j is told as such', (text, message) => {
    const found = scan(text)
    expect(found.ok ? '' : found.message).toContain(message)
  })

  test('however deep, is refused in linear time and without the stack', () => {
    const deep = '{"a":'.repeat(1_000_000)
    expect(scanJsonObject(Buffer.from(deep), 0, DEPTH).ok).toBe(false)
  })
})
