// What checks that no single setting can do are made of.
import { type Problem } from './problems.ts'

export type Json = Record<string, unknown>

/** A problem where the section has `name` but not `other`, which goes with it. */
export function needing(
  path: string,
  section: Json | undefined,
  [name, other]: readonly [string, string],
): readonly Problem[] {
  if (section?.[name] === undefined || section[other] !== undefined) return []
  return [{ path: `${path}.${other}`, message: `missing: ${name} is given` }]
}

/** The section of that name, if it is one. */
export function sub(raw: Json, name: string): Json | undefined {
  const value = raw[name]
  return typeof value === 'object' && value !== null ? (value as Json) : undefined
}
