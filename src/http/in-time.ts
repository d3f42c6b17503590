// An answer's body, with an end to the waits for it.
import { orAborted } from '../abort.ts'
import { type Clock } from '../clock.ts'

export interface Patience {
  readonly clock: Clock
  /** On the clock's monotonic scale. */
  readonly deadlineMs: number
  /** What a single wait may last once the deadline has passed: the rest may lie ready already. */
  readonly graceMs: number
  readonly late: () => Error
}

/**
 * The body as it comes; throws `stop`'s reason when that fires, and fires it when Druid lets wait past the deadline.
 * The time that the reader takes does not count: Druid may have ended long before a slow client.
 */
export async function* inTime(
  body: AsyncIterable<Buffer>,
  stop: AbortController,
  { clock, deadlineMs, graceMs, late }: Patience,
): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const waitMs = Math.max(graceMs, deadlineMs - clock.monotonic())
      const timer = setTimeout(() => stop.abort(late()), waitMs)
      const next = await orAborted(chunks.next(), stop.signal).finally(() => clearTimeout(timer))
      if (next.done === true) return
      yield next.value
    }
  } finally {
    // Not waited for: where a wait was given up this one would take as long.
    chunks.return?.().catch(() => undefined)
  }
}
