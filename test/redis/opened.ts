// Shared caches on real servers, closed with the test.
import { type RedisAddress, connectRedis } from '../../src/cache/shared/redis-link.ts'
import { LinkedSharedCache, type SharedCacheOptions } from '../../src/cache/shared/shared-cache.ts'
import { systemClock } from '../../src/clock.ts'
import { type Counted, counted, OPTIONS } from '../cache/shared/support.ts'
import { waitUntil, within } from '../cluster/wait.ts'

export interface Opened extends Counted {
  readonly cache: LinkedSharedCache
  /** The text of an entry's body. */
  readonly text: (key: string) => Promise<string | undefined>
}

export const WAIT_MS = 30_000
/** Late enough that a busy machine is not taken for a server that hangs. */
const READ_TIMEOUT_MS = 2_000

/** Connects; what the test's end has to close goes into `ends`. */
export function opened(
  ends: (() => unknown)[],
  address: Partial<RedisAddress>,
  options: Partial<SharedCacheOptions> = {},
): Opened {
  const told = counted()
  const link = connectRedis({ mode: 'single', nodes: [], ...address })
  const all = { ...OPTIONS, readTimeoutMs: READ_TIMEOUT_MS, ...options }
  const cache = new LinkedSharedCache(link, systemClock, all, told.events)
  ends.push(() => cache.close())
  const text = async (key: string): Promise<string | undefined> => {
    const [found] = await cache.get([key], within(WAIT_MS))
    return found && String(found.body)
  }
  return { ...told, cache, text }
}

export async function openedAndReady(...given: Parameters<typeof opened>): Promise<Opened> {
  const made = opened(...given)
  await waitUntil('the connection', () => made.cache.state === 'ready', within(WAIT_MS))
  return made
}
