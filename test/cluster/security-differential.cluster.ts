// Random statements of users who may see different rows, in front of real Druid, while rights and row policies change:
// whatever Ovate answers a user, Druid answers him.
import { describe, expect, test } from 'vitest'
import { partsOf } from '../differential/parts.ts'
import { differenceText, runSequence } from '../differential/sequence.ts'
import { Tally } from '../differential/tally.ts'
import { SEED } from '../support/seed.ts'
import { clusterAvailable } from './available.ts'
import { startClusterWorld } from './differential-world.ts'
import { askingOf, type Sight } from './security/differential-asking.ts'
import { secureCluster } from './security/secure.ts'
import { THOROUGH } from '../support/thorough.ts'

/** Beside it, the datasource is made and removed. */
const BUDGET_MS = THOROUGH ? 900_000 : 10_000
/** A hang is to be told, not slowness. */
const LIMIT_MS = 3 * BUDGET_MS + 600_000
/** Fewer would prove nothing: a slow machine goes on until it has asked so many. */
const ASKED_MIN = 40

describe.runIf(clusterAvailable)('a random sequence of users', () => {
  test.each<[Sight, string]>([
    ['own', 'who see rows of their own'],
    ['shared', 'who may read what is declared shared, or may not, or under a row policy'],
  ])(
    '%s: %s is answered as Druid answers each of them',
    async (sight) => {
      const tally = new Tally()
      const cluster = await secureCluster()
      const world = await startClusterWorld(cluster, SEED, askingOf(cluster, sight))
      const startMs = performance.now()
      try {
        const { differences } = await runSequence(world, {
          seed: SEED,
          steps: 100_000,
          tally,
          isOver: () => performance.now() - startMs > BUDGET_MS && tally.count('asked', 'all') >= ASKED_MIN,
          onQuestion: ({ body }) => tally.add('parts', partsOf(body).parts),
        })
        expect(differences.map((one) => differenceText(one, SEED))).toEqual([])
      } finally {
        const seconds = Math.round((performance.now() - startMs) / 1_000)
        process.stderr.write(`users on Druid, ${sight}: OVATE_SEED=${SEED}, ${seconds} s\n${tally.text()}`)
        await world.stop()
      }
      expect(tally.count('asked', 'all')).toBeGreaterThanOrEqual(ASKED_MIN)
    },
    LIMIT_MS,
  )
})
