import { expect, test } from 'vitest'
import { partHeaders, resultHeaders } from '../../src/engine/headers.ts'

/** As a Broker with an extension answers that names its user to himself. */
const CAME = [
  ['Date', 'now'],
  ['Set-Cookie', 'session=of-alice'],
  ['X-Session-User', 'alice'],
  ['X-Refreshed-Token', 'of alice'],
  ['Content-Type', 'application/json'],
  ['Content-Security-Policy', "frame-ancestors 'none'"],
  ['X-Druid-Response-Context', '{}'],
  ['ETag', 'e'],
  ['Vary', 'Accept-Encoding'],
].flat()

function namesOf(headers: readonly string[]): readonly string[] {
  return headers.filter((_, at) => at % 2 === 0)
}

const DRUIDS = ['Content-Type', 'Content-Security-Policy', 'X-Druid-Response-Context', 'ETag', 'Vary']

test.each<[string, readonly string[], readonly string[]]>([
  ['one identity', resultHeaders(CAME, false), ['X-Session-User', 'X-Refreshed-Token', ...DRUIDS]],
  ['all who may read it', resultHeaders(CAME, true), DRUIDS],
  ['all, put together from parts', partHeaders(CAME, true), DRUIDS.filter((name) => name !== 'ETag')],
])('what is kept of the headers of an answer for %s', (_, kept, wanted) => {
  expect(namesOf(kept)).toEqual(wanted)
})
