// Which settings are secrets, and a view of the configuration without them.

/** Settings that are never shown; each can stand in a file that `<name>File` names. */
export const SECRETS: readonly (readonly string[])[] = [
  ['admin', 'token'],
  ['druid', 'password'],
  ['druid', 'zookeeper', 'auth'],
  ['coordination', 'auth'],
  ['identity', 'secret'],
  ['cache', 'shared', 'password'],
  ['cache', 'shared', 'sentinelPassword'],
]

const HIDDEN = new Set(SECRETS.map((path) => path.at(-1) ?? ''))

/** The configuration for people to read: secrets show only whether they are set. */
export function redacted(value: unknown, name = ''): unknown {
  if (HIDDEN.has(name) && typeof value === 'string') return '(set)'
  if (Array.isArray(value)) return value.map((one) => redacted(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redacted(inner, key)]))
}

/** Whether the setting of that name is a secret. */
export function isSecret(name: string): boolean {
  return HIDDEN.has(name)
}
