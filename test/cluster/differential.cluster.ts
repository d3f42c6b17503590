// Random statements and random changes of the data, in front of real Druid: whatever Ovate answers, Druid answers.
import { describe, expect, test } from 'vitest'
import { partsOf } from '../differential/parts.ts'
import { differenceText, runSequence } from '../differential/sequence.ts'
import { Tally } from '../differential/tally.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { startClusterWorld } from './differential-world.ts'
import { SEED } from '../support/seed.ts'
import { THOROUGH } from '../support/thorough.ts'

/** Beside it, the datasource is made and removed. */
const BUDGET_MS = THOROUGH ? 300_000 : 90_000
/** A hang is to be told, not slowness. */
const LIMIT_MS = 3 * BUDGET_MS + 600_000
/** Fewer would prove nothing: a slow machine goes on until it has asked so many. */
const ASKED_MIN = 40

describe.runIf(clusterAvailable)('a random sequence', () => {
  test(
    'is answered as Druid answers it',
    async () => {
      const tally = new Tally()
      const world = await startClusterWorld(theCluster(), SEED)
      const startMs = performance.now()
      try {
        const { differences } = await runSequence(world, {
          seed: SEED,
          steps: 100_000,
          tally,
          isOver: () => performance.now() - startMs > BUDGET_MS && tally.count('asked', 'all') >= ASKED_MIN,
          onQuestion: ({ body }) => tally.add('parts', partsOf(body).parts),
        })
        const found = differences.map((one) => differenceText(one, SEED))
        expect(found).toEqual([])
      } finally {
        const seconds = Math.round((performance.now() - startMs) / 1_000)
        process.stderr.write(`differential test on Druid: OVATE_SEED=${SEED}, ${seconds} s\n${tally.text()}`)
        await world.stop()
      }
      expect(tally.count('asked', 'all')).toBeGreaterThanOrEqual(ASKED_MIN)
      expect(tally.count('parts', 'none') / tally.count('asked', 'all')).toBeLessThan(0.4)
      expect(tally.count('status', '200') / tally.count('asked', 'all')).toBeGreaterThan(0.9)
      expect(tally.count('cache', 'hit')).toBeGreaterThan(0)
    },
    LIMIT_MS,
  )
})
