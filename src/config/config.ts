// Settings from a file and the environment, checked at once, frozen, in ms and bytes.
import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { type z } from 'zod'
import { OvateError } from '../errors.ts'
import { withEnvironment } from './environment.ts'
import { type Problem, problemsOf } from './problems.ts'
import { schema } from './schema.ts'

export type Config = z.output<typeof schema>

type Json = Record<string, unknown>

/**
 * Reads a YAML file (none: an empty one), puts the environment over it, and checks all of it.
 * @throws OvateError OVATE_CONFIG whose message lists every mistake, one a line.
 */
export function loadConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const { raw, problems } = withEnvironment(file === undefined ? {} : readYaml(file), environment)
  return checked(
    raw,
    problems.map(({ variable, message }) => ({ path: variable, message })),
  )
}

/** The same for settings that are there already. @throws OvateError OVATE_CONFIG. */
export function parseConfig(raw: Json): Config {
  return checked(raw, [])
}

function checked(raw: Json, known: readonly Problem[]): Config {
  const parsed = schema.safeParse(raw)
  const problems = [
    ...known,
    ...(parsed.success ? [] : problemsOf(parsed.error.issues, raw)),
    ...crossChecks(raw),
  ]
  if (!parsed.success || problems.length > 0) throw mistakes(problems)
  return deepFrozen(withSecrets(parsed.data))
}

function readYaml(file: string): Json {
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new OvateError('OVATE_CONFIG', `the configuration ${file} can't be read`, { cause: error })
  }
  const document = parseDocument(text)
  if (document.errors.length > 0) {
    throw mistakes(document.errors.map(({ message }) => ({ path: file, message })))
  }
  const value: unknown = document.toJS()
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw mistakes([{ path: file, message: 'a configuration is a map of sections: listen, druid, …' }])
  }
  return value as Json
}

function mistakes(problems: readonly Problem[]): OvateError {
  const lines = problems.map(({ path, message }) => `  ${path}: ${message}`)
  return new OvateError('OVATE_CONFIG', `the configuration has mistakes:\n${lines.join('\n')}`)
}

// What no single setting can know.
function crossChecks(raw: Json): readonly Problem[] {
  return [...sourceProblems(sub(raw, 'druid')), ...adminProblems(sub(raw, 'admin')), ...pairProblems(raw)]
}

const SOURCES = ['zookeeper', 'brokers', 'bootstrap']

function sourceProblems(druid: Json | undefined): readonly Problem[] {
  const named = SOURCES.filter((name) => druid?.[name] !== undefined)
  if (named.length === 1) return []
  const message = `exactly one of ${SOURCES.join(', ')} says where the Brokers are; given: ${named.join(', ') || 'none'}`
  return [{ path: 'druid', message }]
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/

function adminProblems(admin: Json | undefined): readonly Problem[] {
  const host = admin?.['host'] ?? '127.0.0.1'
  const open = admin?.['enabled'] !== false && !LOOPBACK.test(String(host))
  if (!open || admin?.['token'] !== undefined || admin?.['tokenFile'] !== undefined) return []
  return [
    {
      path: 'admin.token',
      message: `missing: others can reach ${String(host)}, so a token or tokenFile is needed`,
    },
  ]
}

const PAIRS: readonly (readonly [string, string])[] = [
  ['admin', 'token'],
  ['druid', 'password'],
  ['identity', 'secret'],
]

function pairProblems(raw: Json): readonly Problem[] {
  return PAIRS.filter(([section, name]) => {
    const within = sub(raw, section)
    return within?.[name] !== undefined && within[`${name}File`] !== undefined
  }).map(([section, name]) => ({
    path: `${section}.${name}File`,
    message: `${name} is given as well: one of them, please`,
  }))
}

function sub(raw: Json, name: string): Json | undefined {
  const value = raw[name]
  return typeof value === 'object' && value !== null ? (value as Json) : undefined
}

function withSecrets(config: Config): Config {
  const { admin, druid, identity } = config
  const { zookeeper } = druid
  return {
    ...config,
    admin: { ...admin, token: secretOf('admin.tokenFile', admin.token, admin.tokenFile) },
    identity: { ...identity, secret: secretOf('identity.secretFile', identity.secret, identity.secretFile) },
    druid: {
      ...druid,
      password: secretOf('druid.passwordFile', druid.password, druid.passwordFile),
      ...(zookeeper !== undefined && {
        zookeeper: {
          ...zookeeper,
          auth: secretOf('druid.zookeeper.authFile', zookeeper.auth, zookeeper.authFile),
        },
      }),
    },
  }
}

function secretOf(path: string, value: string | undefined, file: string | undefined): string | undefined {
  if (file === undefined) return value
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (secret !== '') return secret
  } catch (error) {
    throw new OvateError(
      'OVATE_CONFIG',
      `the configuration has mistakes:\n  ${path}: ${file} can't be read`,
      { cause: error },
    )
  }
  throw mistakes([{ path, message: `${file} is empty` }])
}

const HIDDEN = new Set(['token', 'password', 'secret', 'auth'])

/** The configuration for people to read: secrets show only whether they are set. */
export function redacted(value: unknown, name = ''): unknown {
  if (HIDDEN.has(name)) return value === undefined ? undefined : '(set)'
  if (Array.isArray(value)) return value.map((one) => redacted(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redacted(inner, key)]))
}

function deepFrozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) deepFrozen(inner)
  return Object.freeze(value)
}
