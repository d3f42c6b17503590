import { describe, expect, test } from 'vitest'
import { readStatements } from '../../../src/app/verify/statements.ts'

describe('a file of SQL', () => {
  test('is split at semicolons that end a line', () => {
    const file = "SELECT 1;\n\nSELECT ';' AS a,\n  2 ; \r\n-- nothing more\n;\nSELECT 3 -- last\n"
    const statements = readStatements(file)
    expect(statements.map(({ number, sql }) => [number, sql])).toEqual([
      [1, 'SELECT 1'],
      [2, "SELECT ';' AS a,\n  2"],
      [3, 'SELECT 3 -- last'],
    ])
  })

  test.each(['SELECT 1 /* no end:\n a;\n b */ AS x', "SELECT 'a;\nb' AS x", 'SELECT 1 -- one;\n AS x'])(
    'is not split within a literal or a comment: %j',
    (sql) => {
      expect(readStatements(`${sql};\nSELECT 2`).map((one) => one.sql)).toEqual([sql, 'SELECT 2'])
    },
  )

  test("is split at line ends alone where Druid's lexer reads none of it", () => {
    expect(readStatements("SELECT 'a;\nSELECT 2").map((one) => one.sql)).toEqual(["SELECT 'a", 'SELECT 2'])
  })

  test('asks for the form in which cells keep their text', () => {
    const [statement] = readStatements('SELECT COUNT(*) FROM t')
    expect(statement?.body(undefined)).toBe(
      '{"query":"SELECT COUNT(*) FROM t","resultFormat":"array","header":true,"typesHeader":true,"sqlTypesHeader":true}',
    )
  })
})

describe('a file of bodies', () => {
  test('keeps what is asked, numbers past 2^53 too, and changes the format alone', () => {
    const [first, second] = readStatements(
      '{"query":"SELECT ?","parameters":[{"type":"BIGINT","value":9007199254740993}],"resultFormat":"csv"}\n\n' +
        '{"query":"SELECT 2","context":{"sqlQueryId":"a","sqlTimeZone":"Asia/Tokyo","x":9007199254740993},"own":[1]}',
    )
    const form = '"resultFormat":"array","header":true,"typesHeader":true,"sqlTypesHeader":true'
    expect(first?.body(undefined)).toBe(
      `{"query":"SELECT ?",${form},"parameters":[{"type":"BIGINT","value":9007199254740993}]}`,
    )
    expect(second?.body(undefined)).toBe(
      `{"query":"SELECT 2",${form},"own":[1],"context":{"sqlTimeZone":"Asia/Tokyo","x":9007199254740993}}`,
    )
  })

  test.each([
    ['{"query":"SELECT 1"}\nSELECT 2', 'line 2 is no body'],
    ['{"query":1}', 'line 1 is no body'],
  ])('with a line that is none is refused: %s', (file, message) => {
    expect(() => readStatements(file)).toThrow(message)
  })
})

describe('now', () => {
  const NOW = '2026-11-20T12:00:00.000Z'
  test.each<[string, boolean]>([
    ['SELECT COUNT(*) FROM t WHERE __time > CURRENT_TIMESTAMP', true],
    ["SELECT COUNT(*) FROM t WHERE __time > CURRENT_DATE - INTERVAL '1' DAY", true],
    ["SELECT 'CURRENT_DATE' FROM t", false],
    ['SELECT COUNT(*) FROM t', false],
    ['SELECT (((( CURRENT_DATE', true],
    ['{"query":"SELECT CURRENT_DATE","context":{"sqlCurrentTimestamp":"2026-01-01T00:00:00Z"}}', false],
  ])('is pinned where it is used and not set: %s', (file, used) => {
    expect(readStatements(file)[0]?.usesNow).toBe(used)
  })

  test('joins what the context holds', () => {
    const [statement] = readStatements(
      '{"query":"SELECT CURRENT_DATE","context":{"sqlTimeZone":"Asia/Tokyo"}}',
    )
    expect(JSON.parse(statement?.body(NOW) ?? '')).toMatchObject({
      context: { sqlTimeZone: 'Asia/Tokyo', sqlCurrentTimestamp: NOW },
    })
  })
})

test.each([
  ['INSERT INTO t SELECT * FROM t PARTITIONED BY DAY', 'statement 1 writes'],
  ['SELECT 1;\nREPLACE INTO t OVERWRITE ALL SELECT * FROM t PARTITIONED BY DAY', 'statement 2 writes'],
  ['-- nothing\n;\n', 'the file has no statement'],
  ['', 'the file has no statement'],
])('refused: %j', (file, message) => {
  expect(() => readStatements(file)).toThrow(message)
})
