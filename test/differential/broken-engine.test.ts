// The differential test can fail: the engine is broken on purpose, one thing at a time, and the comparison notices. (The
// topN rule is broken in test/cluster/topn-rule.cluster.ts: the sandbox knows no approximate topN.)
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Reader } from '../../src/sql/reader.ts'
import { View } from '../../src/sql/view.ts'
import { type Zone, zoneOf } from '../../src/time/zone.ts'
import { sandboxAvailable } from '../sandbox/available.ts'
import { type SandboxWorldOptions, startSandboxWorld } from './sandbox-world.ts'
import { localBucket } from './buckets.ts'
import { type Difference, runSequence } from './sequence.ts'
import { Tally } from './tally.ts'

const broken = vi.hoisted(() => ({ now: 'nothing' }))

/** An edge: the end of a window falls away. */
vi.mock(import('../../src/plan/pieces.ts'), async (original) => {
  const real = await original()
  return {
    ...real,
    piecesOf: (window, cut) => {
      const pieces = real.piecesOf(window, cut)
      return broken.now === 'an edge' ? { ...pieces, edges: pieces.edges.slice(0, -1) } : pieces
    },
  }
})

/** A null order: nulls at the other end. */
vi.mock(import('../../src/result/cell-order.ts'), async (original) => {
  const real = await original()
  return {
    ...real,
    compareOrdered: (a, b, by) => {
      const nulls = by.nulls === 'first' ? 'last' : 'first'
      return real.compareOrdered(a, b, broken.now === 'a null order' ? { ...by, nulls } : by)
    },
  }
})

/** An invalidation: whatever became of the segments under it, what is held goes on to be given. */
vi.mock(import('../../src/freshness/pieces.ts'), async (original) => {
  const real = await original()
  return {
    ...real,
    judgePiece: (piece, present) => {
      const verdict = real.judgePiece(piece, present)
      return broken.now === 'an invalidation' && verdict.kind === 'changed'
        ? { kind: 'valid', ageMs: 0, under: verdict.under }
        : verdict
    },
  }
})

/** A DST label: hours that clocks show are taken for buckets, though one of them comes twice. */
vi.mock(import('../../src/sql/buckets.ts'), async (original) => {
  const real = await original()
  const withDays = ({ view, zone }: Reader): Reader => {
    const tokens = view.tokens.map((token) => (token.value === 'hour' ? { ...token, value: 'day' } : token))
    return { view: new View(tokens), zone }
  }
  return {
    ...real,
    bucketOf: (it, reader) => {
      const found = real.bucketOf(it, reader)
      if (found !== undefined || broken.now !== 'a DST label') return found
      const daily = real.bucketOf(it, withDays(reader))
      return daily && { ...daily, grid: { ...daily.grid, period: 'PT1H' } }
    },
  }
})

/** And nobody sees that the clock changes. */
function breakClocks(): void {
  const zone = zoneOf('America/New_York')
  if (zone === undefined) throw new Error('a zone that every Node knows')
  const prototype = Object.getPrototypeOf(zone) as Pick<Zone, 'nextTransition'>
  const { nextTransition } = prototype
  vi.spyOn(prototype, 'nextTransition').mockImplementation(function (this: Zone, ms) {
    return broken.now === 'a DST label' ? Number.POSITIVE_INFINITY : nextTransition.call(this, ms)
  })
}

/** In so many statements each must have been noticed; the seeds are those of sequences that notice soon. */
const STATEMENTS_MAX = 3_000
const TIMEOUT_MS = 600_000
const STEPS = 90
/** A day on which the clocks of New York show an hour twice, cut by what they show. */
const CHANGE: SandboxWorldOptions = {
  nowMs: Date.UTC(2026, 10, 2, 1),
  days: 1,
  bucket: () => localBucket('hour', 'America/New_York'),
}

describe.runIf(sandboxAvailable)('the comparison notices a broken engine:', () => {
  beforeEach(breakClocks)

  afterEach(() => {
    broken.now = 'nothing'
  })

  test.each<[string, number, SandboxWorldOptions]>([
    ['an edge', 1, {}],
    ['a null order', 2, {}],
    ['an invalidation', 3, {}],
    ['a DST label', 24, CHANGE],
  ])(
    '%s',
    async (what, first, world) => {
      broken.now = what
      const { differences, seed, statements } = await untilNoticed(first, world)
      process.stderr.write(
        `${what}: noticed by seed ${seed} after ${statements} statements: ${differences[0]?.what ?? ''}\n`,
      )
      expect(differences.length).toBeGreaterThan(0)
      // It is the engine that was wrong, not what it passes on.
      expect(differences[0]?.cache).toMatch(/series|merge|derive/)
    },
    TIMEOUT_MS,
  )
})

async function untilNoticed(
  first: number,
  when: SandboxWorldOptions,
): Promise<{
  readonly differences: readonly Difference[]
  /** Of the sequence that noticed. */
  readonly seed: number | undefined
  readonly statements: number
}> {
  const tally = new Tally()
  const statements = (): number => tally.count('asked', 'all')
  for (let seed = first; statements() < STATEMENTS_MAX; seed += 1) {
    const world = await startSandboxWorld(seed, when)
    try {
      const isOver = (): boolean => statements() >= STATEMENTS_MAX
      const { differences } = await runSequence(world, { seed, steps: STEPS, tally, isOver })
      if (differences.length > 0) return { differences, seed, statements: statements() }
    } finally {
      await world.stop()
    }
  }
  return { differences: [], seed: undefined, statements: statements() }
}
