// What a client asks of the cache by `Cache-Control` (RFC 9111 §5.2.1).
import { type CacheWish } from '../engine/request.ts'

const NO_WISH: CacheWish = { noCache: false, noStore: false, onlyIfCached: false, maxAgeMs: undefined }

/** The wish in a request's header; unknown directives and unreadable ages ask for nothing. */
export function readCacheControl(value: string | undefined): CacheWish {
  if (value === undefined) return NO_WISH
  const directives = new Map(
    value.split(',').map((part) => {
      const [name = '', argument = ''] = part.split('=')
      return [name.trim().toLowerCase(), argument.trim().replaceAll('"', '')]
    }),
  )
  const maxAge = directives.get('max-age')
  return {
    noCache: directives.has('no-cache'),
    noStore: directives.has('no-store'),
    onlyIfCached: directives.has('only-if-cached'),
    maxAgeMs: maxAge !== undefined && /^\d{1,9}$/.test(maxAge) ? Number(maxAge) * 1000 : undefined,
  }
}
