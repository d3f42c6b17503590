// Settings by environment variables: they beat the file.
import { type Setting, sections } from './walk.ts'

type Json = Record<string, unknown>

export interface EnvironmentProblem {
  readonly variable: string
  readonly message: string
}

/** The file's content with what the environment says put over it; variables that name no setting are problems. */
export function withEnvironment(
  raw: Json,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly raw: Json; readonly problems: readonly EnvironmentProblem[] } {
  const settings = new Map(
    sections().flatMap((section) => section.settings.map((setting) => [setting.variable, setting] as const)),
  )
  const out = structuredClone(raw)
  const problems: EnvironmentProblem[] = []
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('OVATE_') || value === undefined || OTHER_USES.has(variable)) continue
    const setting = settings.get(variable)
    if (setting === undefined) problems.push({ variable, message: 'no such setting' })
    else put(out, setting.path, valueOf(setting, value))
  }
  return { raw: out, problems }
}

/** Variables that steer the tools beside Ovate. */
const OTHER_USES = new Set(['OVATE_CONFIG', 'OVATE_CLUSTER_HOME', 'OVATE_CLUSTER_OFFSET'])

function valueOf({ kind }: Setting, text: string): unknown {
  if (kind === 'list') return text === '' ? [] : text.split(',').map((part) => part.trim())
  if (kind === 'switch' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  if ((kind === 'count' || kind === 'number') && text.trim() !== '' && !Number.isNaN(Number(text)))
    return Number(text)
  return text
}

function put(out: Json, path: readonly string[], value: unknown): void {
  let at = out
  for (const name of path.slice(0, -1)) {
    const next = at[name]
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) at = next as Json
    else {
      const made: Json = {}
      at[name] = made
      at = made
    }
  }
  at[path.at(-1) ?? ''] = value
}
