// Ovate's own account at Druid.
import { type Config } from '../config/config.ts'

/** Its `Authorization`: for health, timelines and discovery only; undefined where Druid wants none. */
export function ownAuthorization({ druid: { username, password } }: Config): string | undefined {
  if (username === undefined) return undefined
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
}
