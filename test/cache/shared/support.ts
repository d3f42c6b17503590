// Entries of tests, and events that are counted.
import { type SharedCacheEvents, type SharedCacheOptions } from '../../../src/cache/shared/shared-cache.ts'
import { type Stored } from '../../../src/cache/shared/stored.ts'

export const OPTIONS: SharedCacheOptions = {
  namespace: 'ovate',
  readTimeoutMs: 50,
  writeTimeoutMs: 1_000,
  queueMaxBytes: 10_000_000,
  compressAboveBytes: 4_096,
  entryMaxBytes: 1_000_000,
  lifeMaxMs: 60_000,
}

export function stored(text: string, beganAtMs = 1_000): Stored {
  return {
    meta: { beganAtMs, generation: 'g', epoch: 7, proof: Buffer.from('proof') },
    body: Buffer.from(text),
  }
}

export interface Counted {
  /** `looked hit`, `wrote stored`, `bad checksum`, `refused OOM`, `breaker open` … and how often. */
  readonly counts: Readonly<Record<string, number>>
  readonly events: SharedCacheEvents
}

export function counted(): Counted {
  const counts: Record<string, number> = {}
  const count = (what: string, by = 1): void => {
    counts[what] = (counts[what] ?? 0) + by
  }
  return {
    counts,
    events: {
      looked: (outcome) => count(`looked ${outcome}`),
      bad: (why) => count(`bad ${why}`),
      wrote: (outcome) => count(`wrote ${outcome}`),
      refused: (code) => count(`refused ${code}`),
      moved: (direction, bytes) => count(`bytes ${direction}`, bytes),
      breaker: (state) => count(`breaker ${state}`),
    },
  }
}
