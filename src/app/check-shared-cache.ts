// `ovate check` on the shared cache: an entry is written and read, as a replica would.
import { randomUUID } from 'node:crypto'
import { type SharedCacheEvents } from '../cache/shared/shared-cache.ts'
import { systemClock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { type CheckLine, WAIT_MS, waited } from './check-steps.ts'
import { openSharedCache } from './open-shared-cache.ts'

/** So long what was written for trying lies there. */
const LIFE_MS = 10_000

/** What was heard while it was tried, the last of it. */
interface Heard {
  error: string
  refusal: string | undefined
  wrote: string
  looked: string
}

/** One line, or none where no shared cache is set; never throws for what it finds. */
export async function sharedCacheLines(config: Config, signal: AbortSignal): Promise<readonly CheckLine[]> {
  const { shared } = config.cache
  if (shared === undefined) return []
  const heard: Heard = { error: 'no connection', refusal: undefined, wrote: 'nothing', looked: 'nothing' }
  try {
    const cache = await openSharedCache(config, systemClock, eventsInto(heard), ({ message }) => {
      heard.error = message
    })
    if (cache === undefined) return []
    try {
      await waited(() => cache.state === 'ready', signal)
      if (cache.state !== 'ready') return [fail(`is ${cache.state}: ${heard.error}`)]
      const meta = { beganAtMs: systemClock.now(), generation: '', epoch: 0, proof: Buffer.alloc(0) }
      const key = `check ${randomUUID()}`
      cache.put(key, { meta, body: Buffer.from('tried') }, LIFE_MS)
      await cache.flushed(AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]))
      const [found] = await cache.get([key], signal)
      if (found?.body.toString() === 'tried')
        return [{ level: 'ok', text: 'the shared cache answers, and keeps what is written' }]
      return [fail(problem(heard))]
    } finally {
      await cache.close()
    }
  } catch (error) {
    return [fail(error instanceof Error ? error.message : String(error))]
  }
}

function problem({ refusal, wrote, looked }: Heard): string {
  if (refusal !== undefined)
    return `refuses with ${refusal}: it needs the rights that docs/operating.md names`
  return `doesn't give what was written: the write ended with ${wrote}, the look-up with ${looked}`
}

function fail(text: string): CheckLine {
  return { level: 'fail', text: `the shared cache ${text}` }
}

function eventsInto(heard: Heard): SharedCacheEvents {
  const nothing = (): void => undefined
  return {
    looked: (outcome) => (heard.looked = outcome),
    wrote: (outcome) => (heard.wrote = outcome),
    refused: (code) => (heard.refusal = code),
    bad: nothing,
    moved: nothing,
    breaker: nothing,
  }
}
