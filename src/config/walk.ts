// The schema as a list: for environment variables, for docs, for "did you mean".
import { z } from 'zod'
import { type Described } from './kinds.ts'
import { schema } from './schema.ts'

export interface Setting extends Described {
  readonly path: readonly string[]
  /** Its environment variable; undefined for what stands in the file only. */
  readonly variable: string | undefined
}

export interface Section {
  readonly path: readonly string[]
  readonly doc: string
  readonly settings: readonly Setting[]
}

/** Objects of the schema, in order, each with the settings that lie directly in it. `*` stands for any name. */
export function sections(): readonly Section[] {
  return sectionsUnder(schema, [], '')
}

function sectionsUnder(given: z.ZodType, path: readonly string[], doc: string): Section[] {
  const inner = bare(given)
  if (inner instanceof z.ZodRecord) return sectionsUnder(inner.valueType as z.ZodType, [...path, '*'], doc)
  if (!(inner instanceof z.ZodObject)) return []
  const members = Object.entries(inner.shape as Record<string, z.ZodType>)
  const settings = members.flatMap(([name, member]) => settingOf(member, [...path, name]))
  const below = members.flatMap(([name, member]) => sectionsUnder(member, [...path, name], docOf(member)))
  return settings.length === 0 ? below : [{ path, doc, settings }, ...below]
}

function settingOf(member: z.ZodType, path: readonly string[]): Setting[] {
  const meta = member.meta() as Partial<Described> | undefined
  if (meta?.kind === undefined) return []
  const { kind, allowed = '', doc = '', fallback } = meta
  const variable = path.includes('*') ? undefined : variableOf(path)
  return [{ path, variable, kind, allowed, doc, fallback }]
}

/** `listen.maxBody` → `OVATE_LISTEN_MAX_BODY`. */
function variableOf(path: readonly string[]): string {
  const words = path.map((name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase())
  return ['OVATE', ...words].join('_')
}

function docOf(member: z.ZodType): string {
  const doc = member.meta()?.['doc']
  return typeof doc === 'string' ? doc : ''
}

/** Without what makes a value optional or gives it a default. */
function bare(given: z.ZodType): z.ZodType {
  let inner = given
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap() as z.ZodType
  }
  return inner
}

/** Names that may stand in the object at `path`. */
export function namesAt(path: readonly PropertyKey[], of: z.ZodType = schema): readonly string[] {
  let inner = bare(of)
  for (const name of path) {
    if (inner instanceof z.ZodRecord) inner = bare(inner.valueType as z.ZodType)
    else if (inner instanceof z.ZodObject) {
      const member = (inner.shape as Record<string, z.ZodType>)[String(name)]
      if (member === undefined) return []
      inner = bare(member)
    } else return []
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape as object) : []
}
