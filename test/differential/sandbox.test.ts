// Random statements and random changes of the data, in front of the sandbox: whatever Ovate answers, Druid answers.
import { describe, expect, test } from 'vitest'
import { sandboxAvailable } from '../sandbox/available.ts'
import { partsOf } from './parts.ts'
import { startSandboxWorld } from './sandbox-world.ts'
import { differenceText, runSequence } from './sequence.ts'
import { Tally } from './tally.ts'
import { SEED } from '../support/seed.ts'

/** Sequences are begun until so much time is over, or so many were run. */
const BUDGET_MS = 40_000
const SEQUENCES_MAX = 60
const STEPS = 90
/** Worlds at once: each waits for its DuckDB about half of the time. */
const LANES = 2
/** Fewer would prove too little, on however slow a machine. */
const ASKED_MIN = 100

describe.runIf(sandboxAvailable)('random sequences', () => {
  test(
    'are answered as Druid answers them',
    async () => {
      const tally = new Tally()
      const startMs = performance.now()
      const isOver = (): boolean =>
        performance.now() - startMs > BUDGET_MS && tally.count('asked', 'all') > ASKED_MIN
      let next = 0
      const lane = async (): Promise<void> => {
        while (next < SEQUENCES_MAX && !isOver()) {
          next += 1
          const found = await sequence(SEED + next - 1, tally, isOver)
          expect(found).toEqual([])
        }
      }
      await Promise.all(Array.from({ length: LANES }, lane))
      const seconds = Math.round((performance.now() - startMs) / 1_000)
      process.stderr.write(
        `differential test on the sandbox: OVATE_SEED=${SEED}, ${seconds} s\n${tally.text()}`,
      )
      expect(tally.count('asked', 'all')).toBeGreaterThan(ASKED_MIN)
      // What is asked must mostly be what can be taken apart, and what the sandbox knows.
      expect(share(tally, 'parts', ['none'])).toBeLessThan(0.4)
      expect(share(tally, 'status', ['400', '500'])).toBeLessThan(0.15)
      const ways = ['hit', 'partial'].map((name) => tally.count('cache', name))
      const plans = ['series', 'merge'].map((name) => tally.count('detail', name))
      expect(Math.min(...ways, ...plans)).toBeGreaterThan(0)
    },
    // A hang is to be told, not slowness.
    2 * BUDGET_MS + 300_000,
  )
})

async function sequence(seed: number, tally: Tally, isOver: () => boolean): Promise<readonly string[]> {
  // Every other one is asked of two that share what they hold.
  const world = await startSandboxWorld(seed, { replicas: 1 + (seed % 2) })
  try {
    const { differences } = await runSequence(world, {
      seed,
      steps: STEPS,
      tally,
      isOver,
      onQuestion: ({ body }) => {
        const { parts, reason } = partsOf(body)
        tally.add('parts', parts)
        if (parts === 'none') tally.add('reason', reason)
      },
    })
    return differences.map((one) => differenceText(one, seed))
  } finally {
    await world.stop()
  }
}

function share(tally: Tally, group: 'parts' | 'status', names: readonly string[]): number {
  const count = names.reduce((sum, name) => sum + tally.count(group, name), 0)
  return count / tally.count('asked', 'all')
}
