import { expect, test } from 'vitest'
import { KINDS, WINDOW_MS } from '../../bench/stampede/kinds.ts'
import { MODES } from '../../bench/stampede/modes.ts'
import { notesOf } from '../../bench/stampede/notes.ts'
import { type Result } from '../../bench/result.ts'

const START = Date.UTC(2026, 9, 1)
const WINDOW = { startMs: START, endMs: START + WINDOW_MS }

test.each(KINDS)('$title: another literal makes another question', ({ texts }) => {
  expect(texts(WINDOW, 1)).not.toEqual(texts(WINDOW, 2))
})

test.each(KINDS.filter(({ fresh }) => fresh === 'window'))(
  '$title: the texts together ask all of the window, in whole hours, and nothing else',
  ({ texts }) => {
    const spans = texts(WINDOW, 1).map((text) => {
      const [start = '', end = ''] = [...text.matchAll(/TIMESTAMP '([^']*)'/g)].map(
        ([, moment]) => `${moment}Z`,
      )
      return { startMs: Date.parse(start), endMs: Date.parse(end) }
    })
    expect(Math.min(...spans.map(({ startMs }) => startMs))).toBe(WINDOW.startMs)
    expect(Math.max(...spans.map(({ endMs }) => endMs))).toBe(WINDOW.endMs)
    const starts = spans.map(({ startMs }) => startMs).toSorted((a, b) => a - b)
    expect(starts.every((ms) => ms % 3_600_000 === 0)).toBe(true)
    expect(new Set(starts).size).toBe(starts.length)
    for (const { startMs, endMs } of spans)
      expect(endMs).toBeGreaterThan(Math.max(...starts.filter((ms) => ms <= startMs)))
  },
)

const ONE = {
  questions: 1,
  queriesPerRound: 1.5,
  queriesMostButAlone: 1,
  timesScanned: 1.5,
  alonePerRound: 0.5,
  p99Ms: 50,
}
const MANY = { ...ONE, questions: 10, queriesMostButAlone: 9, timesScanned: 1 }

test.each([
  ['one question, but for one that went alone', ONE, 'one query but for those, met'],
  ['one question, asked twice', { ...ONE, queriesMostButAlone: 2 }, 'MISSED'],
  ['several questions, each row once', MANY, 'each row read once, met'],
  ['several questions, rows twice', { ...MANY, timesScanned: 2 }, 'MISSED'],
])('%s', (title, metrics, told) => {
  const others = { ...metrics, queriesPerRound: 3, p99Ms: 100 }
  const results = MODES.map((mode, at): Result => {
    return { case: title, target: mode.title, metrics: at === 0 ? metrics : others }
  })
  const note = notesOf(results, 3, 50).at(-1) ?? ''
  expect(note).toContain('Druid queries 1.5 = 0.50 | 0.50, 0.5 of them')
  expect(note).toContain(told)
})
