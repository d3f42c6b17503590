// Secrets from files of their own, and whether the files that settings name are there.
import { accessSync, constants, readFileSync } from 'node:fs'
import { type Problem } from './problems.ts'
import { SECRETS } from './redact.ts'

type Json = Record<string, unknown>

/** Settings that name a file that is read at the start. */
const FILES: readonly (readonly string[])[] = [
  ['listen', 'tls', 'cert'],
  ['listen', 'tls', 'key'],
  ['listen', 'tls', 'clientCa'],
  ['druid', 'tls', 'ca'],
  ['druid', 'tls', 'cert'],
  ['druid', 'tls', 'key'],
  ['cache', 'shared', 'tls', 'ca'],
  ['cache', 'shared', 'tls', 'cert'],
  ['cache', 'shared', 'tls', 'key'],
]

/** The settings with the content of the secrets' files put in; files that can't be read are problems. */
export function withSecretFiles(raw: Json): { readonly raw: Json; readonly problems: readonly Problem[] } {
  const out = structuredClone(raw)
  const problems: Problem[] = []
  for (const path of SECRETS) {
    const name = path.at(-1) ?? ''
    const section = sectionAt(out, path)
    const file = section?.[`${name}File`]
    if (section === undefined || typeof file !== 'string') continue
    const read = section[name] === undefined ? contentOf(file) : { problem: `${name} is given as well` }
    if ('problem' in read) problems.push({ path: `${path.join('.')}File`, message: read.problem })
    else section[name] = read.secret
  }
  return { raw: out, problems }
}

/** Files that are named but can't be read: told before anything starts. */
export function fileProblems(raw: Json): readonly Problem[] {
  return FILES.flatMap((path) => {
    const file = sectionAt(raw, path)?.[path.at(-1) ?? '']
    if (typeof file !== 'string' || isReadable(file)) return []
    return [{ path: path.join('.'), message: `${file} can't be read` }]
  })
}

/** The object that holds the setting at `path`. */
function sectionAt(raw: Json, path: readonly string[]): Json | undefined {
  let at = raw
  for (const name of path.slice(0, -1)) {
    const inner = at[name]
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return undefined
    at = inner as Json
  }
  return at
}

function contentOf(file: string): { readonly secret: string } | { readonly problem: string } {
  try {
    const secret = readFileSync(file, 'utf8').trim()
    return secret === '' ? { problem: `${file} is empty` } : { secret }
  } catch {
    return { problem: `${file} can't be read` }
  }
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}
