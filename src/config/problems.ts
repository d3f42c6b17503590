// Mistakes in a configuration, each with its path, the value that was given and what is allowed.
import { type z } from 'zod'
import { namesAt } from './walk.ts'

export interface Problem {
  readonly path: string
  readonly message: string
}

type Issue = z.core.$ZodIssue

/** One line for each thing that is wrong; values of secrets are not repeated. */
export function problemsOf(issues: readonly Issue[], raw: unknown): readonly Problem[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? unknownNames(issue)
      : [{ path: pathText(issue.path), message: told(issue, raw) }],
  )
}

function unknownNames(issue: Issue & { readonly keys: readonly string[] }): Problem[] {
  const known = namesAt(issue.path)
  return issue.keys.map((key) => {
    const near = nearest(key, known)
    const hint = near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`
    return { path: pathText([...issue.path, key]), message: `no such setting: ${hint}` }
  })
}

function told(issue: Issue, raw: unknown): string {
  const given = valueAt(raw, issue.path)
  const expected =
    issue.code === 'invalid_type' && issue.expected === 'object' ? 'a group of settings' : allowedOf(issue)
  if (given === undefined) return `missing: ${expected}`
  return SECRET.test(String(issue.path.at(-1)))
    ? `not allowed: ${expected}`
    : `${shown(given)} is not ${expected}`
}

const SECRET = /^(token|password|secret|auth)$/

// A union reports the mistakes of each branch; the last custom one is ours.
function allowedOf(issue: Issue): string {
  if (issue.code !== 'invalid_union') return issue.message
  return 'a text or a number'
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
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

export function pathText(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '(the whole file)' : path.map(String).join('.')
}

function nearest(name: string, known: readonly string[]): string | undefined {
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
