import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lex } from '../../src/sql/lexer.ts'

function brief(text: string): string | undefined {
  return lex(text)
    ?.map((token) => `${token.kind[0]}:${token.value}`)
    .join(' ')
}

test.each([
  ['select a', 'i:select i:a'],
  ["'it''s'", "s:it's"],
  ["''", 's:'],
  ["''''", "s:'"],
  ["'a\\'", 's:a\\'],
  ['"a""b"', 'q:a"b'],
  ["U&'\\00e9'", 's:é'],
  ["u&'\\\\'", 's:\\'],
  ["U&'!00e9!!' UESCAPE '!'", 's:é!'],
  ['U&"\\00e9"', 'q:é'],
  ["TIMESTAMP'2020-01-01'", 'i:TIMESTAMP s:2020-01-01'],
  ['1.5e-3 .5 1. 7', 'n:1.5e-3 n:.5 n:1. n:7'],
  ['1e', 'n:1 i:e'],
  ['a<>b!=c<=d>=e||f', 'i:a o:<> i:b o:!= i:c o:<= i:d o:>= i:e o:|| i:f'],
  ['a --b\nc //d\re', 'i:a i:c i:e'],
  ['a/**/b/*/ x */c', 'i:a i:b i:c'],
  ['/***/ a */ b', 'i:b'],
  ['a * /* b */ c', 'i:a o:* i:c'],
  ["{  d '2020-01-01'}", 'o:{ i:d s:2020-01-01 o:}'],
  ['SELECT /*+ x */ 1', 'i:SELECT h:/*+ x */ n:1'],
  ['? ?', 'p:? p:?'],
  ['größe 名前 $a _b', 'i:größe i:名前 i:$a i:_b'],
  ['\'--\' "/*"', 's:-- q:/*'],
  ['', ''],
  ['-- end', ''],
])('reads %s', (text, expected) => {
  expect(brief(text)).toBe(expected)
})

test.each([
  "'a",
  '"a',
  '""',
  '"a\nb"',
  '/* a',
  '/***/',
  '/*+ a',
  "n'a'",
  "X'00'",
  "_latin1'a'",
  "E'\\''",
  "U&'\\00'",
  "U&'a' UESCAPE 'A'",
  '`a`',
  'a @ b',
  'COUNT(*/* all */)',
  'COUNT(*// all\n)',
  "{\nd '2020-01-01'}",
  "{/**/d '2020-01-01'}",
  "{\tts '2020-01-01 00:00:00'}",
  '\u00a0',
  '\v',
  '😀',
])('refuses %s', (text) => {
  expect(lex(text)).toBeUndefined()
})

const sqlish = fc.array(
  fc.constantFrom(
    "'",
    '"',
    "''",
    '""',
    '--',
    '//',
    '/*',
    '*/',
    '/*+',
    '\n',
    ' ',
    'U&',
    '\\',
    '1',
    '.',
    'e',
    'a',
    '?',
    '(',
  ),
  { maxLength: 30 },
)

test('covers the text without gaps but for white space and comments', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        sqlish.map((parts) => parts.join('')),
      ),
      (text) => {
        const tokens = lex(text)
        if (tokens === undefined) return
        let end = 0
        for (const token of tokens) {
          expect(token.text).toBe(text.slice(token.start, token.end))
          expect(lex(text.slice(end, token.start))).toEqual([])
          end = token.end
        }
        expect(lex(text.slice(end))).toEqual([])
      },
    ),
    { numRuns: 500 },
  )
})

test('a token read alone is the same token', () => {
  fc.assert(
    fc.property(sqlish, (parts) => {
      for (const token of lex(parts.join('')) ?? []) {
        const alone = lex(token.text)
        expect(alone).toEqual([{ ...token, start: 0, end: token.text.length }])
      }
    }),
    { numRuns: 500 },
  )
})
