// The differential test can fail: whatever is done to Ovate's answers, the comparison notices.
import { describe, expect, test } from 'vitest'
import { sandboxAvailable } from '../sandbox/available.ts'
import { FAULTS } from './faults.ts'
import { startSandboxWorld } from './sandbox-world.ts'
import { type Mutation, runSequence, type SequenceResult } from './sequence.ts'
import { Tally } from './tally.ts'

/** So many altered answers are proof enough; they are looked for in one sequence after the other. */
const ENOUGH = 3
const SEQUENCES_MAX = 20
const STEPS = 40

describe.runIf(sandboxAvailable)('the comparison notices when', () => {
  test.each(FAULTS)('$name', async ({ mutation }) => {
    let [mutated, noticed] = [0, 0]
    for (let seed = 1; seed <= SEQUENCES_MAX && mutated < ENOUGH; seed += 1) {
      const result = await sequence(seed, mutation)
      // Those that were left as they came are Druid's own.
      expect(result.differences).toEqual([])
      mutated += result.mutated
      noticed += result.noticed
    }
    expect(mutated).toBeGreaterThanOrEqual(ENOUGH)
    expect(noticed).toBe(mutated)
  })
})

async function sequence(seed: number, mutation: Mutation): Promise<SequenceResult> {
  const world = await startSandboxWorld(seed)
  try {
    let altered = 0
    const counted: Mutation = (body, given) => {
      const other = mutation(body, given)
      if (other !== undefined) altered += 1
      return other
    }
    const isOver = (): boolean => altered >= ENOUGH
    return await runSequence(world, { seed, steps: STEPS, tally: new Tally(), mutation: counted, isOver })
  } finally {
    await world.stop()
  }
}
