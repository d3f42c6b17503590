// Rights of users, for trying how answers are kept apart: off unless users are given.
import { type IncomingHttpHeaders } from 'node:http'

export interface SandboxUser {
  /** Datasources that it may read. */
  tables: readonly string[]
  /** A row policy: a condition of DuckDB by datasource, applied silently. */
  rowFilter?: Readonly<Record<string, string>>
  /** Whether EXPLAIN shows those policies, as that of Druid 33 does. */
  showsPolicies?: boolean
}

/** By the value of Authorization, of Cookie, or of X-Forwarded-User; '' is whoever sends none of them. */
export type SandboxUsers = Record<string, SandboxUser>

/** Whether rights let it read a datasource; without users everything may be read. */
export function mayRead(user: SandboxUser | undefined, table: string): boolean {
  return user === undefined || user.tables.includes(table)
}

/** The user of a request; undefined: none of those that are known. */
export function userOf(users: SandboxUsers, headers: IncomingHttpHeaders): SandboxUser | undefined {
  const given = [headers.authorization, headers.cookie, headers['x-forwarded-user']]
    .flat()
    .filter((name) => name !== undefined)
  const names = given.length === 0 ? [''] : given
  return names.flatMap((name) => (Object.hasOwn(users, name) ? (users[name] ?? []) : [])).at(0)
}
