// What a Broker announces of itself in ZooKeeper (`DiscoveryDruidNode`, 33.0.0), read without trust.
import { gunzipSync } from 'node:zlib'
import { OvateError } from '../errors.ts'

/** A Broker as it is announced. */
export interface AnnouncedBroker {
  /** `host:port`, the TLS port where there is one. */
  readonly id: string
  readonly url: string
  /** `druid.service`. */
  readonly service: string
  readonly startTime: string | undefined
  readonly version: string | undefined
}

const GZIP = Buffer.of(0x1f, 0x8b)
/** A znode holds no more (`jute.maxbuffer`); zipped, it could unfold to a thousand times as much. */
const MAX_BYTES = 1_048_576

const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/i

type Json = Readonly<Record<string, unknown>>

/** Unknown fields are ignored, as Druid does. @throws OvateError OVATE_ZOOKEEPER for what names no Broker. */
export function parseBrokerNode(data: Buffer): AnnouncedBroker {
  try {
    const announced = objectOf(JSON.parse(unzipped(data).toString()), 'the znode')
    const node = objectOf(announced['druidNode'], 'druidNode')
    const { scheme, port } = endpointOf(node)
    const host = bracketed(textOf(node['host'], 'host'))
    if (!HOST.test(host)) throw new TypeError(`no host: ${host}`)
    const id = `${host}:${port}`
    return {
      id,
      url: new URL(`${scheme}://${id}`).origin,
      service: textOf(node['service'], 'service'),
      startTime: textOrNone(announced['startTime']),
      version: textOrNone(node['version']),
    }
  } catch (cause) {
    throw new OvateError('OVATE_ZOOKEEPER', `not a Broker's announcement: ${(cause as Error).message}`, {
      cause,
    })
  }
}

// Druid writes gzip by default and reads both (`PotentiallyGzippedCompressionProvider`).
function unzipped(data: Buffer): Buffer {
  return data.subarray(0, 2).equals(GZIP) ? gunzipSync(data, { maxOutputLength: MAX_BYTES }) : data
}

// `DruidNode`: https exactly when there is a TLS port; `port` is the older name of `plaintextPort`.
function endpointOf(node: Json): { scheme: string; port: number } {
  const tls = portOf(node['tlsPort'])
  if (tls !== undefined) return { scheme: 'https', port: tls }
  const plain = portOf(node['plaintextPort']) ?? portOf(node['port'])
  if (plain === undefined) throw new TypeError('no port')
  return { scheme: 'http', port: plain }
}

function portOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536
    ? value
    : undefined
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function objectOf(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new TypeError(`${what} is no object`)
}

function textOf(value: unknown, what: string): string {
  const text = textOrNone(value)
  if (text !== undefined) return text
  throw new TypeError(`${what} is no text`)
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
