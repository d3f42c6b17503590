// Time is passed in, so that tests own it.
import { setTimeout as delay } from 'node:timers/promises'

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number
  /** Milliseconds on a scale that never goes back; only differences mean something. */
  monotonic(): number
  /** Resolves after `ms`, rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** The clock of this machine. Its sleeps do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal, ref: false })
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  },
}
