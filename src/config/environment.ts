// Settings by environment variables: they beat the file.
import { nearest, type Problem } from './problems.ts'
import { type Setting, sections } from './walk.ts'

type Json = Record<string, unknown>

/** The file's content with what the environment says put over it; variables that name no setting are problems. */
export function withEnvironment(
  given: Json,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly raw: Json; readonly problems: readonly Problem[] } {
  const settings = new Map(
    sections().flatMap((section) => section.settings.map((setting) => [setting.variable, setting] as const)),
  )
  const raw = structuredClone(given)
  const problems: Problem[] = []
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('OVATE_') || value === undefined || isOthers(variable, value)) continue
    const setting = settings.get(variable)
    if (setting === undefined) problems.push({ path: variable, message: unknown(variable, settings) })
    else put(raw, setting.path, valueOf(setting, value))
  }
  return { raw, problems }
}

/** Variables that steer the tools beside Ovate. */
const OTHER_USES = new Set([
  'OVATE_CONFIG',
  'OVATE_CLUSTER_HOME',
  'OVATE_CLUSTER_OFFSET',
  'OVATE_JAVA',
  'OVATE_SEED',
  'OVATE_BENCH_MAIN',
])

/**
 * Kubernetes gives each container such variables for each Service of its namespace, so a Service that is named
 * `ovate` or `ovate-admin` must not stop the start (docs: Services, "Environment variables").
 */
const SERVICE_LINK = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_\w+)?$/

function isOthers(variable: string, value: string): boolean {
  if (OTHER_USES.has(variable) || SERVICE_LINK.test(variable)) return true
  return variable.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value)
}

// The value is not repeated: a misspelt name may be that of a secret.
function unknown(variable: string, settings: ReadonlyMap<string | undefined, Setting>): string {
  const near = nearest(
    variable,
    [...settings.keys()].filter((name) => name !== undefined),
  )
  return `no such setting${near === undefined ? '' : `: did you mean ${near}?`}`
}

function valueOf({ kind }: Setting, text: string): unknown {
  if (kind === 'list') return text === '' ? [] : text.split(',').map((part) => part.trim())
  if (kind === 'switch' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  if ((kind === 'count' || kind === 'number') && text.trim() !== '' && !Number.isNaN(Number(text)))
    return Number(text)
  return text
}

// Where the file has no map for the section, that is left for the schema to complain about.
function put(out: Json, path: readonly string[], value: unknown): void {
  let at = out
  for (const name of path.slice(0, -1)) {
    at[name] ??= {}
    const next = at[name]
    if (typeof next !== 'object' || next === null || Array.isArray(next)) return
    at = next as Json
  }
  at[path.at(-1) ?? ''] = value
}
