// What checks that no single setting can do are made of.
import { type Problem } from './problems.ts'

export type Json = Record<string, unknown>

/** A problem where the section has `name` but not `other`, which goes with it. */
export function needing(
  path: string,
  section: Json | undefined,
  [name, other]: readonly [string, string],
): readonly Problem[] {
  if (!isGiven(section, name) || isGiven(section, other)) return []
  return [{ path: `${path}.${other}`, message: `missing: ${name} is given` }]
}

/** Whether a setting has a value, or a file of its own that is to hold it: one that can't be read is told as that. */
export function isGiven(section: Json | undefined, name: string): boolean {
  return section?.[name] !== undefined || section?.[`${name}File`] !== undefined
}

/** The section of that name, if it is one. */
export function sub(raw: Json, name: string): Json | undefined {
  const value = raw[name]
  return typeof value === 'object' && value !== null ? (value as Json) : undefined
}
