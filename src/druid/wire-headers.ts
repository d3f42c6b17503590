// Header lists as they come off the wire: bytes to text, and what concerns one connection only left out.

/** RFC 9110 §7.6.1 and the older names for the same. `Trailer` stays: it announces what the answer ends with. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Headers about the body of a request, which a DELETE for it must not repeat. */
const ABOUT_BODY = /^(?:content-.*|expect|if-.*|accept.*)$/i

/** Names and values in turn as text, order and duplicates kept, hop-by-hop headers left out. */
export function endToEndHeaders(raw: readonly (Buffer | string)[]): string[] {
  const text = raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')))
  const named = namedByConnection(text)
  return selectHeaders(text, (name) => !HOP_BY_HOP.has(name) && !named.has(name))
}

/** What of a query's headers belongs on the DELETE that cancels it: who asks, not what was asked. */
export function credentialHeaders(headers: readonly string[]): string[] {
  return selectHeaders(headers, (name) => !ABOUT_BODY.test(name) && !HOP_BY_HOP.has(name))
}

/** Headers that undici takes for a body whose length it knows itself: a text edit may have made the given one wrong. */
export function headersForBuffer(headers: readonly string[]): string[] {
  return selectHeaders(headers, (name) => name !== 'content-length' && !HOP_BY_HOP.has(name))
}

/** Headers for a body of unknown length: the client's length is kept, what concerns its connection is not. */
export function headersForStream(headers: readonly string[]): string[] {
  return selectHeaders(headers, (name) => !HOP_BY_HOP.has(name))
}

/** The first value under a lower-case name. */
export function firstHeader(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === name) return headers[at + 1]
  }
  return undefined
}

/** NTLM, and what Negotiate may turn out to be (RFC 4559 §6): a server takes all that follows on the connection for the user's. */
const OF_THE_CONNECTION = /^\s*(?:ntlm|negotiate)\b/i

/** Whether a request makes its connection known as a user's. */
export function isKnownByConnection(headers: readonly string[]): boolean {
  return headers.some(
    (name, at) =>
      at % 2 === 0 && name.toLowerCase() === 'authorization' && OF_THE_CONNECTION.test(headers[at + 1] ?? ''),
  )
}

function selectHeaders(headers: readonly string[], wanted: (name: string) => boolean): string[] {
  const selected: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? ''
    if (wanted(name.toLowerCase())) selected.push(name, headers[at + 1] ?? '')
  }
  return selected
}

function namedByConnection(headers: readonly string[]): ReadonlySet<string> {
  const value = firstHeader(headers, 'connection')
  return new Set(value?.split(',').map((name) => name.trim().toLowerCase()))
}
