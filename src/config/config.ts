// Settings from a file and the environment, checked at once, frozen, in ms and bytes.
import { type z } from 'zod'
import { OvateError } from '../errors.ts'
import { withEnvironment } from './environment.ts'
import { isGiven, type Json, needing, sub } from './checks.ts'
import { type Problem, problemsOf } from './problems.ts'
import { redacted } from './redact.ts'
import { schema } from './schema.ts'
import { fileProblems, withSecretFiles } from './secrets.ts'
import { sharedProblems } from './shared-checks.ts'
import { readYaml } from './yaml.ts'

export { redacted }

export type Config = z.output<typeof schema>

/**
 * Reads a YAML file (none: an empty one), puts the environment over it, and checks all of it.
 * @throws OvateError OVATE_CONFIG whose message lists every mistake, one a line.
 */
export function loadConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const read = file === undefined ? { raw: {}, problems: [] } : readYaml(file)
  // What isn't YAML holds no settings, so all of them would count as missing.
  if (read.problems.length > 0) throw mistakes(read.problems)
  const { raw, problems } = withEnvironment(read.raw, environment)
  return checked(raw, problems)
}

/** The same for settings that are there already. @throws OvateError OVATE_CONFIG. */
export function parseConfig(raw: Json): Config {
  return checked(raw, [])
}

function checked(given: Json, known: readonly Problem[]): Config {
  const { raw, problems: unread } = withSecretFiles(given)
  const parsed = schema.safeParse(raw)
  const problems = [
    ...known,
    ...(parsed.success ? roomProblems(parsed.data) : problemsOf(parsed.error.issues, raw)),
    ...crossChecks(raw),
    ...unread,
    ...fileProblems(raw),
  ]
  if (!parsed.success || problems.length > 0) throw mistakes(problems)
  return deepFrozen(parsed.data)
}

function mistakes(problems: readonly Problem[]): OvateError {
  const lines = problems.map(({ path, message }) => `  ${path}: ${message}`)
  return new OvateError('OVATE_CONFIG', `the configuration has mistakes:\n${lines.join('\n')}`)
}

// What no single setting can know.
function crossChecks(raw: Json): readonly Problem[] {
  const druid = sub(raw, 'druid')
  const listen = sub(raw, 'listen')
  return [
    ...sourceProblems(druid),
    ...managementProblems(druid),
    ...coordinationProblems(sub(raw, 'coordination'), druid && sub(druid, 'zookeeper')),
    ...adminProblems(sub(raw, 'admin')),
    ...needing('druid', druid, ['password', 'username']),
    ...needing('druid.tls', druid && sub(druid, 'tls'), ['cert', 'key']),
    ...needing('druid.tls', druid && sub(druid, 'tls'), ['key', 'cert']),
    ...sharedProblems(sub(raw, 'cache')),
    ...needing('listen.tls', listen && sub(listen, 'tls'), ['clientCertificate', 'clientCa']),
    ...certificateProblems(listen, sub(raw, 'identity')),
  ]
}

const SOURCES = ['zookeeper', 'brokers', 'bootstrap']

function sourceProblems(druid: Json | undefined): readonly Problem[] {
  const named = SOURCES.filter((name) => druid?.[name] !== undefined)
  if (named.length === 1) return []
  const message = `exactly one of ${SOURCES.join(', ')} says where the Brokers are; given: ${named.join(', ') || 'none'}`
  return [{ path: 'druid', message }]
}

function managementProblems(druid: Json | undefined): readonly Problem[] {
  const management = druid && sub(druid, 'management')
  const isOn = String(management?.['enabled']) === 'true'
  if (!isOn || management?.['servers'] !== undefined || druid?.['zookeeper'] !== undefined) return []
  return [
    { path: 'druid.management.servers', message: 'missing: there is no druid.zookeeper to find leaders in' },
  ]
}

function coordinationProblems(own: Json | undefined, druids: Json | undefined): readonly Problem[] {
  if (own === undefined) return []
  if (own['connect'] === undefined && druids === undefined)
    return [{ path: 'coordination.connect', message: 'missing: there is no druid.zookeeper to take it from' }]
  const isShared = own['connect'] === undefined || own['connect'] === (druids?.['connect'] ?? DRUIDS_CONNECT)
  const [path, druidPath] = [pathOf(own, '/ovate'), pathOf(druids, '/druid')]
  const isInside = path.startsWith(druidPath) || druidPath.startsWith(path)
  if (druids === undefined || !isShared || !isInside) return []
  return [{ path: 'coordination.path', message: "lies inside Druid's own znodes, or they lie inside it" }]
}

const DRUIDS_CONNECT = 'localhost:2181'

function pathOf(section: Json | undefined, fallback: string): string {
  const path = section?.['path']
  return `${typeof path === 'string' ? path : fallback}/`
}

// Whoever has Druid tell users apart by their certificates would find them all alike behind Ovate.
function certificateProblems(listen: Json | undefined, identity: Json | undefined): readonly Problem[] {
  const tls = listen && sub(listen, 'tls')
  const unseen = identity?.['unseenByDruid']
  const isSaid = Array.isArray(unseen) && unseen.some((one) => String(one).toLowerCase() === 'certificate')
  if (tls?.['clientCa'] === undefined || isSaid) return []
  const message =
    'Druid never sees the certificates of clients: say so by identity.unseenByDruid: [certificate]'
  return [{ path: 'listen.tls.clientCa', message }]
}

function roomProblems({ listen: { maxBody, allBodies } }: Config): readonly Problem[] {
  if (allBodies >= maxBody) return []
  const message = `less than maxBody (${maxBody} bytes): bodies between the two would be refused for ever; raise it, or lower maxBody`
  return [{ path: 'listen.allBodies', message }]
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/

function adminProblems(admin: Json | undefined): readonly Problem[] {
  const given = admin?.['host'] ?? '127.0.0.1'
  const host = typeof given === 'string' ? given : ''
  const open = admin?.['enabled'] !== false && !LOOPBACK.test(host)
  if (!open || isGiven(admin, 'token')) return []
  return [
    {
      path: 'admin.token',
      message: `missing: others can reach ${host}, so a token or tokenFile is needed`,
    },
  ]
}

function deepFrozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) deepFrozen(inner)
  return Object.freeze(value)
}
