// What Avatica 1.25 and Druid 33.0.0 themselves make of it (test/support/AvaticaRequests.java).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Fixture {
  readonly requests: readonly { readonly name: string; readonly json: string; readonly protobuf: string }[]
  /** `asLong` of bytes `i * 37 + length`, for each length from 0. */
  readonly hashes: readonly string[]
  readonly brokers: readonly string[]
  /** The Broker that a Router chooses for each connection. */
  readonly choices: Readonly<Record<string, string>>
}

export const AVATICA = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/avatica.json'), 'utf8'),
) as Fixture
