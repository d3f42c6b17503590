import { expect, test } from 'vitest'
import { bodyAt } from '../../bench/dashboard/statement.ts'
import { mixOf } from '../../bench/replicas/mix.ts'
import { notesOf } from '../../bench/replicas/notes.ts'
import { SETUPS, titleOf } from '../../bench/replicas/setups.ts'
import { randomOf } from '../cluster/random.ts'

const START = Date.UTC(2026, 9, 1)

function draws(count: number): readonly string[] {
  let [seconds, literal] = [0, 1_000_000]
  const nowOf = (): { readonly wallMs: number; readonly eventsMs: number } => {
    seconds += 1
    return { wallMs: START + seconds * 1_000, eventsMs: START + seconds * 1_000 }
  }
  const draw = mixOf(randomOf(1), nowOf, () => (literal += 1))
  return Array.from({ length: count }, () => {
    const { statement, now } = draw()
    return JSON.stringify(bodyAt(statement, now))
  })
}

test('the same seed draws the same statements', () => {
  expect(draws(200)).toEqual(draws(200))
})

test('some are asked again, some slide, and one that was never asked before comes once', () => {
  const all = draws(2_000)
  const cold = all.filter((body) => body.includes('delta\\" <> 1000'))
  expect(new Set(cold).size).toBe(cold.length)
  expect(cold.length / all.length).toBeGreaterThan(0.05)
  expect(cold.length / all.length).toBeLessThan(0.15)
  const times = new Map<string, number>()
  for (const body of all) times.set(body, (times.get(body) ?? 0) + 1)
  const again = [...times.values()].filter((count) => count > 1).reduce((sum, count) => sum + count, 0)
  expect(again / all.length).toBeGreaterThan(0.5)
})

test('ratios are those to one replica that shares as they do', () => {
  const results = SETUPS.map((setup) => ({
    case: '',
    target: titleOf(setup),
    metrics: {
      requestsPerSecond: setup.replicas * (setup.shared ? 200 : 100),
      druidQueriesPer1000: setup.shared ? 100 : 100 * setup.replicas,
      hitShare: 0.5,
    },
  }))
  const notes = notesOf(results, 12, 2)
  expect(notes).toContain(
    '3 replicas, own: 3.00 × the requests/s of one, 3.00 × its Druid queries per request; hits 50.0 % (one: 50.0 %)',
  )
  expect(notes.at(-1)).toBe(
    "3 replicas that share: 0.33 × the Druid queries per request of those that don't, 2.00 × the requests/s",
  )
  expect(notes.join()).toContain('ONLY 2 CORES')
  expect(notesOf(results, 12, 16).join()).toContain('16 cores for')
})
