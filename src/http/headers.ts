// Request headers on their way to Druid. Lists hold names and values in turn, as they came.
import { type IncomingMessage } from 'node:http'

/** Headers of one connection (RFC 9110 §7.6.1), and `Host`, which names the Broker on the other side. */
const OF_THE_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
])

/** What describes a body that Ovate has read and writes anew, and conditions that Druid's SQL endpoint doesn't know. */
const OF_THE_BODY = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'accept-encoding',
  'cache-control',
  'if-none-match',
])

/** Headers for a request that is sent on as it came. */
export function endToEnd(raw: readonly string[]): string[] {
  return without(raw, new Set([...OF_THE_HOP, ...namedByConnection(raw)]))
}

/** Headers for a request whose body Ovate writes: without those that describe the client's own. */
export function ofTheCaller(raw: readonly string[]): string[] {
  return without(raw, new Set([...OF_THE_HOP, ...OF_THE_BODY, ...namedByConnection(raw)]))
}

function namedByConnection(raw: readonly string[]): string[] {
  return raw.flatMap((value, index) =>
    index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'connection'
      ? value.split(',').map((name) => name.trim().toLowerCase())
      : [],
  )
}

function without(raw: readonly string[], dropped: ReadonlySet<string>): string[] {
  return raw.filter((_, index) => !dropped.has((raw[index - (index % 2)] ?? '').toLowerCase()))
}

/** Headers for a JSON body that Ovate writes, whose answer goes to the client as it comes. */
export function forJson(raw: readonly string[], acceptEncoding: string | undefined): string[] {
  const accepts = acceptEncoding === undefined ? [] : ['accept-encoding', acceptEncoding]
  return [...ofTheCaller(raw), 'content-type', 'application/json', ...accepts]
}

/** Whether a Broker unpacks a body: its Jetty does where gzip is among the encodings, and takes no notice of others. */
export function isGzip(contentEncoding: string | undefined): boolean {
  return contentEncoding !== undefined && /(?:^|[\s,])(?:x-)?gzip(?:$|[\s,])/i.test(contentEncoding)
}

/** Whether a client takes gzip (RFC 9110 §12.5.3): named, or by `*`, and not with weight 0. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false
  const weights = new Map(
    acceptEncoding.split(',').map((part) => {
      const [name = '', weight] = part.split(';').map((text) => text.trim().toLowerCase())
      return [name, weight === undefined || Number(weight.replace('q=', '')) > 0]
    }),
  )
  return weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? false
}

/** Narrower than what a Broker reads: words alone and values in quotes are left to it, and so is a weight past its bounds. */
const MEDIA_RANGE =
  /^[ \t]*(?:\*|[\w.+*-]+\/[\w.+*-]+)(?:[ \t]*;[ \t]*(?:q=(?:[01]|1\.0{1,3}|0?\.\d{1,3})|(?!q=)[\w.-]+=[\w.+*-]+))*[ \t]*$/i
const RANGE_OF_JSON = /^[ \t]*(?:\*|\*\/\*|application\/(?:\*|json))[ \t]*(?:;|$)/i

/**
 * Hot: a hit passes here. Whether an `Accept` surely lets a Broker answer in JSON: else it refuses the request with 406, or
 * with 400 where it can't read one of the media ranges (33.0.0, whose Jersey takes no notice of a weight of 0).
 */
export function takesJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return true
  const ranges = accept.split(',')
  return ranges.every((range) => MEDIA_RANGE.test(range)) && ranges.some((range) => RANGE_OF_JSON.test(range))
}

/**
 * Whether a client reads trailers (RFC 9110 §10.1.4): some break on those that they did not ask for, and only HTTP/1.1 has
 * the chunks that they stand behind.
 */
export function takesTrailers({ headers, httpVersion }: IncomingMessage): boolean {
  const te = headers['te']
  return (
    te !== undefined &&
    httpVersion === '1.1' &&
    String(te)
      .split(',')
      .some((part) => part.trim().toLowerCase() === 'trailers')
  )
}
