// What the checks of a configuration have in common.
import { setTimeout as delay } from 'node:timers/promises'

/** What was tried, and what came of it. */
export interface CheckLine {
  readonly level: 'ok' | 'warn' | 'fail'
  readonly text: string
}

/** How long a check waits for what should be there, ms. */
export const WAIT_MS = 5_000
const POLL_MS = 50

/** Resolves when it is so, after `WAIT_MS`, or when the signal fires: what is known by then is there to be told. */
export async function waited(isSo: () => boolean, signal: AbortSignal): Promise<void> {
  for (let ms = 0; ms < WAIT_MS && !signal.aborted && !isSo(); ms += POLL_MS) await delay(POLL_MS)
}
