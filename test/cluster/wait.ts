// Waiting for a condition in the world outside, always with a deadline.
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 100

/** The caller's signal narrowed to `ms` from now. */
export function within(ms: number, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(ms)
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
}

/** Polls until `check` is true; throws with `what` when the signal fires first. A check that throws is asked again. */
export async function waitUntil(
  what: string,
  check: (signal: AbortSignal) => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  let last: unknown
  for (;;) {
    try {
      if (await check(signal)) return
      last = undefined
    } catch (error) {
      if (error instanceof GiveUp) throw error
      last = error
    }
    if (signal.aborted) throw gaveUp(what, signal, last)
    try {
      await delay(POLL_MS, undefined, { signal })
    } catch {
      throw gaveUp(what, signal, last)
    }
  }
}

/** Thrown by a check to end the wait: more waiting cannot help. */
export class GiveUp extends Error {}

function gaveUp(what: string, signal: AbortSignal, last: unknown): Error {
  const why = last instanceof Error ? `: ${last.message}` : ''
  return new Error(`gave up waiting for ${what}${why}`, { cause: last ?? signal.reason })
}
