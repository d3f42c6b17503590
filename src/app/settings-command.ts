// `ovate settings`: live settings seen and changed from the command line, through the operator's listener of any replica.
import { type Config } from '../config/config.ts'
import { OvateError } from '../errors.ts'
import { credentialIn } from './credential.ts'

/** As the command line has them. */
export interface SettingsArguments {
  /** Undefined: for all of them. */
  readonly datasource?: string
  /** The operator's listener. */
  readonly admin?: string
  /** The name of an environment variable. */
  readonly token?: string
  readonly by?: string
}

export interface SettingsTarget {
  /** Of `/ovate/settings`, for one datasource or for all. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string | undefined>>
type Json = Readonly<Record<string, unknown>>

const LOCAL = 'http://127.0.0.1:9888'
const TIMEOUT_MS = 30_000
/** How often a change begins anew because others were quicker. */
const TRIES_MAX = 50
const TRIES_PAUSE_MS = 20

/** Whom to ask, and as whom. `config`: what the user named; undefined: none. @throws OvateError OVATE_CONFIG. */
export function settingsTarget(
  { datasource, admin, token, by }: SettingsArguments,
  { config, environment }: { readonly config: Config | undefined; readonly environment: Environment },
): SettingsTarget {
  const base = admin === undefined ? adminUrl(config) : originOf(admin)
  const secret = token === undefined ? config?.admin.token : valueOf(token, environment)
  // A path would lose them.
  if (datasource !== undefined && /^\.{1,2}$/.test(datasource))
    throw new OvateError('OVATE_CONFIG', `--datasource: "${datasource}" is none`)
  const path = datasource === undefined ? '' : `/${encodeURIComponent(datasource)}`
  return {
    url: `${base}/ovate/settings${path}`,
    headers: {
      ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
      ...(by !== undefined && { 'x-ovate-by': by }),
    },
  }
}

/** What is set, what is in force, and the last changes. @throws OvateError with what the replica said. */
export async function getSettings(target: SettingsTarget): Promise<Json> {
  return (await read(target)).body
}

/**
 * Puts `key=value` over what is set (`freshness.head=10s`); a key alone is taken off. Begins anew while others are
 * quicker. Returns what is set from now on. @throws OvateError with what the replica said.
 */
export async function changeSettings(target: SettingsTarget, edits: readonly Edit[]): Promise<unknown> {
  return await change(target, (settings) => edits.reduce(edited, settings))
}

/** Takes everything off. @throws OvateError with what the replica said. */
export async function unsetSettings(target: SettingsTarget): Promise<unknown> {
  return await change(target, () => null)
}

/** One setting to be changed; `value` undefined: taken off. */
export interface Edit {
  readonly path: readonly string[]
  readonly value: unknown
}

/** `freshness.head=10s`, `accelerate=false`, `plans=whole,series`. @throws OvateError OVATE_CONFIG. */
export function editOf(text: string): Edit {
  const [, key = '', value = ''] = /^([A-Za-z.]+)=(.*)$/.exec(text) ?? []
  if (key === '') throw new OvateError('OVATE_CONFIG', `"${text}" is no key=value, like freshness.head=10s`)
  const path = key.split('.')
  if (key === 'plans') return { path, value: value.split(',').map((plan) => plan.trim()) }
  if (/^(true|false)$/.test(value)) return { path, value: value === 'true' }
  return { path, value: /^\d+$/.test(value) ? Number(value) : value }
}

function edited(settings: Json, { path: [name = '', ...rest], value }: Edit): Json {
  const inner = Object.hasOwn(settings, name) ? settings[name] : undefined
  const isGroup = typeof inner === 'object' && inner !== null && !Array.isArray(inner)
  const next = rest.length === 0 ? value : edited(isGroup ? (inner as Json) : {}, { path: rest, value })
  return Object.fromEntries([
    ...Object.entries(settings).filter(([other]) => other !== name),
    ...(isNothing(next) ? [] : [[name, next] as const]),
  ])
}

function isNothing(value: unknown): boolean {
  return (
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  )
}

async function change(target: SettingsTarget, to: (settings: Json) => Json | null): Promise<unknown> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const { body, etag } = await read(target)
    const isSet = body['settings'] !== null
    if (!isSet && to({}) === null) return null
    const settings = to(isSet ? (body['settings'] as Json) : {})
    const basis: Readonly<Record<string, string>> = isSet ? { 'if-match': etag } : { 'if-none-match': '*' }
    const response = await send(target, settings === null ? 'DELETE' : 'PUT', basis, settings)
    if (response.status === 200) return settings
    if (response.status !== 412) throw refusal(response)
    await new Promise((resolve) => setTimeout(resolve, TRIES_PAUSE_MS * Math.random() * (tries + 1)))
  }
  throw new OvateError(
    'OVATE_CONFLICT',
    `others changed these settings ${TRIES_MAX} times meanwhile: try again`,
  )
}

interface Told {
  readonly status: number
  readonly body: Json
  readonly etag: string
}

async function read(target: SettingsTarget): Promise<Told> {
  const response = await send(target, 'GET', {}, null)
  if (response.status !== 200) throw refusal(response)
  return response
}

async function send(
  { url, headers }: SettingsTarget,
  method: string,
  basis: Readonly<Record<string, string>>,
  settings: Json | null,
): Promise<Told> {
  const isPut = settings !== null
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers, ...basis, ...(isPut && { 'content-type': 'application/json' }) },
      ...(isPut && { body: JSON.stringify(settings) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const body = (await response.json()) as Json
    return { status: response.status, body, etag: response.headers.get('etag') ?? '' }
  } catch (cause) {
    throw new OvateError('OVATE_BAD_REQUEST', `no operator's listener of Ovate answers at ${url}`, { cause })
  }
}

function refusal({ status, body }: Told): OvateError {
  const { message } = body
  const text = typeof message === 'string' ? message : 'no reason was given'
  return new OvateError('OVATE_BAD_REQUEST', `refused with ${status}: ${text}`)
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::'])

function adminUrl(config: Config | undefined): string {
  if (config === undefined) return LOCAL
  const { host, port } = config.admin
  const name = ANY_ADDRESS.has(host) ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.username === '')
    return url.origin
  throw new OvateError(
    'OVATE_CONFIG',
    '--admin: a URL like http://ovate:9888, without path, user or password',
  )
}

function valueOf(variable: string, environment: Environment): string {
  const value = /^\w+$/.test(variable) ? environment[variable] : undefined
  if (value !== undefined && value !== '') return credentialIn(value, '--token')
  const text = `--token wants the name of an environment variable that is set, since what it holds must not be seen in a list of processes`
  throw new OvateError('OVATE_CONFIG', text)
}
