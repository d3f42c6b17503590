// How old a flight may be that an asker joins.
import { expect, test } from 'vitest'
import { joinAgeMs } from '../../src/engine/joining.ts'
import { RULES } from '../support/freshness-rules.ts'

const HOUR_MS = 3_600_000

test.each([
  ['the bound at the head', {}, {}, 5_000],
  ['a cap below it', { capMs: 1_000 }, {}, 1_000],
  ['the least of two tables', { headMs: 2_000 }, {}, 2_000],
  ['what the asker wishes', {}, { maxAgeMs: 500 }, 500],
  ['a cap of nothing: none', { capMs: 0 }, {}, -1],
  ['strict: none', { mode: 'strict' }, {}, -1],
  ['no-cache: none', {}, { noCache: true }, -1],
] as const)('%s', (_, ofOne, cacheWish, ageMs) => {
  const plan = { tables: ['one', 'other'], now: { kind: 'none' }, service: 'druid/broker' }
  const joined = joinAgeMs(
    { cacheWish } as unknown as Parameters<typeof joinAgeMs>[0],
    plan as unknown as Parameters<typeof joinAgeMs>[1],
    {
      rules: (table) => ({ ...RULES, ...(table === 'one' && ofOne) }),
      keeper: { clockErrorMs: () => 10, joinMs: () => HOUR_MS } as unknown as Parameters<
        typeof joinAgeMs
      >[2]['keeper'],
    },
  )
  expect(joined).toBe(ageMs)
})
