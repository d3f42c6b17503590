// Rendezvous hashing (Thaler and Ravishankar 1996): all who know the same Brokers find the same one for a connection, and
// only the connections of one that goes move to others.
import { createHash } from 'node:crypto'
import { murmur3 } from './murmur3.ts'

/** Names are 36 letters with Druid's drivers; a longer one stands for itself by its digest, so that it costs no time. */
const NAME_MAX_BYTES = 1_024

/**
 * Brokers (`host:port`), the one for the connection first. A Router by its default settings sends the connection to the same
 * one (`RendezvousHasher`, 33.0.0), if it knows the same Brokers.
 */
export function ranked(brokers: readonly string[], connection: string): string[] {
  const name = nameOf(connection)
  const weights = new Map(brokers.map((id) => [id, murmur3(Buffer.concat([Buffer.from(id), name]))]))
  const weight = (id: string): bigint => weights.get(id) ?? 0n
  return brokers.toSorted((one, two) => (weight(one) > weight(two) ? -1 : 1))
}

function nameOf(connection: string): Buffer {
  const name = Buffer.from(connection)
  return name.length > NAME_MAX_BYTES ? createHash('sha256').update(name).digest() : name
}
