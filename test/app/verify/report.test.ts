import { expect, test } from 'vitest'
import {
  hasDifferences,
  isAlike,
  median,
  type Report,
  reportJson,
  reportText,
  type Verdict,
} from '../../../src/app/verify/report.ts'

function report(...verdicts: readonly Verdict[]): Report {
  const statements = verdicts.map((verdict, index) => ({
    number: index + 1,
    sql: `SELECT\n  ${index}`,
    verdict,
    rounds: { [verdict]: 2 },
    ovateMs: 2,
    druidMs: 25,
    faster: 12.5,
    hits: 1,
    answered: 2,
    notes: verdict === 'different' ? ['1 rows instead of 2'] : [],
  }))
  return { rounds: 2, now: '2026-11-20T12:00:00.000Z', statements }
}

test('a table: a line for each statement, what is to be said below it, and the sum', () => {
  expect(reportText(report('same', 'different'))).toBe(
    [
      '#  answers are  Ovate ms  Druid ms  faster  hits  statement',
      '1  same              2.0      25.0   12.5x   1/2  SELECT 0',
      '2  different         2.0      25.0   12.5x   1/2  SELECT 1',
      '     1 rows instead of 2',
      '',
      '2 statements, 2 rounds: 1 same, 1 different: NOT ALIKE',
      '',
    ].join('\n'),
  )
})

test.each<[Verdict, boolean]>([
  ['same', false],
  ['floating', false],
  ['order', false],
  ['moving', false],
  ['refused', false],
  ['error', true],
  ['different', true],
])('%s: whether it is bad is %s', (verdict, isBad) => {
  const one = report('same', verdict)
  expect([hasDifferences(one), isAlike(one)]).toEqual([isBad, !isBad])
  expect(reportText(one).endsWith(isBad ? 'NOT ALIKE\n' : ': alike\n')).toBe(true)
  expect(reportJson(one)).toMatchObject({ alike: !isBad, summary: { same: verdict === 'same' ? 2 : 1 } })
})

test('where every statement was refused on both sides nothing is alike, since nothing was compared', () => {
  const refused = report('refused', 'refused')
  const statements = refused.statements.map((one) => ({ ...one, answered: 0 }))
  const [first, ...others] = statements
  const none = { ...refused, statements }
  expect([isAlike(none), hasDifferences(none)]).toEqual([false, false])
  expect(reportText(none)).toMatch(
    /: 2 refused by both: NOTHING COMPARED, no statement was answered by both\n$/,
  )
  expect(reportJson(none)).toMatchObject({ alike: false })
  expect(isAlike({ ...refused, statements: [{ ...first!, answered: 1 }, ...others] })).toBe(true)
})

test.each([
  [[3], 3],
  [[5, 1, 3], 3],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})
