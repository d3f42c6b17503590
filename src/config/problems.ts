// Mistakes in a configuration, each with its path, the value that was given and what is allowed.
import { type z } from 'zod'
import { isSecret } from './redact.ts'
import { namesAt } from './walk.ts'

export interface Problem {
  readonly path: string
  readonly message: string
}

type Issue = z.core.$ZodIssue

/** One line for each thing that is wrong; values of secrets are not repeated. `of`: the schema, the file's unless told. */
export function problemsOf(issues: readonly Issue[], raw: unknown, of?: z.ZodType): readonly Problem[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? unknownNames(issue, of)
      : [{ path: pathText(issue.path), message: told(issue, raw) }],
  )
}

function unknownNames(
  issue: Issue & { readonly keys: readonly string[] },
  of: z.ZodType | undefined,
): Problem[] {
  const known = namesAt(issue.path, of)
  return issue.keys.map((key) => {
    const near = nearest(key, known)
    const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`
    return { path: pathText([...issue.path, key]), message: `no such setting: ${hint}` }
  })
}

function told(issue: Issue, raw: unknown): string {
  const given = valueAt(raw, issue.path)
  const expected = issue.code === 'invalid_type' && issue.expected === 'object' ? GROUP : allowedOf(issue)
  if (given === undefined) return `missing: ${expected}`
  if (isSecret(String(issue.path.at(-1))) || mayBePassword(issue.path, raw)) return `not allowed: ${expected}`
  // A text where a section should be may be anything, a password too.
  const said = expected === GROUP && typeof given === 'string' ? 'a text' : shown(given)
  return `${said} is not ${expected}`
}

const GROUP = 'a group of settings'

// A union reports the mistakes of each branch; the last custom one is ours.
function allowedOf(issue: Issue): string {
  if (issue.code !== 'invalid_union') return issue.message
  return 'a text or a number'
}

// A comma in a password parts it where a list is written in one line: no item says then where it begins and ends.
function mayBePassword(path: readonly PropertyKey[], raw: unknown): boolean {
  const list = valueAt(raw, path.slice(0, -1))
  return Array.isArray(list) && list.length > 1 && list.some((item) => String(item).includes('@'))
}

// What lies inside maps and lists isn't shown, nor is who an address logs in as: a password may hold any character.
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'a map'
  if (typeof value !== 'string') return String(value)
  const text = JSON.stringify(value.replace(/^([a-z]+:\/\/)?.*@/is, '$1…@'))
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let at = raw
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<PropertyKey, unknown>)[name]
  }
  return at
}

function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '(all of it)' : path.map(String).join('.')
}

/** The known name that `name` was most likely meant to be. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.max(2, name.length / 3) ? best.candidate : undefined
}

/** How many letters must be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
