// The map of the code, enforced: which folder may import which, and which folder owns each package.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { expect, test } from 'vitest'

const SRC = join(import.meta.dirname, '../src')

/** What each folder of src may import. It may import only folders named below it here, so there is no cycle. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  main: ['app', 'config', 'plan', 'errors'],
  app: [
    'sandbox',
    'admin',
    'http',
    'engine',
    'identity',
    'freshness',
    'flight',
    'cache',
    'druid',
    'coordination',
    'config',
    'sql',
    'plan',
    'result',
    'observe',
    'abort',
    'clock',
    'time',
    'errors',
  ],
  admin: [
    'engine',
    'identity',
    'freshness',
    'flight',
    'cache',
    'druid',
    'coordination',
    'sql',
    'plan',
    'observe',
    'abort',
    'clock',
    'time',
    'errors',
  ],
  http: [
    'avatica',
    'engine',
    'identity',
    'druid',
    'sql',
    'plan',
    'result',
    'observe',
    'abort',
    'clock',
    'errors',
  ],
  avatica: ['druid', 'result'],
  engine: [
    'identity',
    'freshness',
    'flight',
    'cache',
    'druid',
    'sql',
    'plan',
    'result',
    'observe',
    'abort',
    'clock',
    'time',
    'errors',
  ],
  identity: ['druid', 'plan', 'observe', 'abort', 'clock', 'errors'],
  freshness: ['druid', 'plan', 'observe', 'abort', 'clock', 'time', 'errors'],
  flight: ['coordination', 'observe', 'abort', 'clock', 'errors'],
  cache: ['result', 'observe', 'abort', 'clock', 'errors'],
  druid: ['coordination', 'observe', 'abort', 'clock', 'errors'],
  coordination: ['observe', 'abort', 'clock', 'errors'],
  sandbox: ['sql', 'result', 'plan', 'abort', 'clock', 'time', 'errors'],
  config: ['observe', 'errors'],
  sql: ['plan', 'time', 'errors'],
  result: ['plan', 'time', 'errors'],
  plan: ['time', 'errors'],
  observe: ['abort', 'clock', 'errors'],
  abort: [],
  clock: [],
  time: [],
  errors: [],
}

/** The folders that may import a package. */
const OWNER: Record<string, readonly string[]> = {
  'node-sql-parser': ['sql'],
  zookeeper: ['coordination'],
  undici: ['druid'],
  ioredis: ['cache'],
  'lru-cache': ['cache', 'engine', 'identity', 'http', 'avatica', 'sql'],
  '@bufbuild/protobuf': ['avatica'],
  fastify: ['admin', 'sandbox'],
  commander: ['main'],
  zod: ['config', 'engine', 'freshness', 'result'],
  yaml: ['config'],
  '@duckdb/node-api': ['sandbox'],
  'prom-client': ['observe'],
  pino: ['observe'],
}

const IMPORT = /\bfrom '([^']+)'$|\bimport\('([^']+)'\)/gm

test('imports follow the map', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  expect(files).not.toEqual([])
  const problems = files.flatMap((name) =>
    [...readFileSync(join(SRC, name), 'utf8').matchAll(IMPORT)].map(([, named, loaded]) =>
      problemOf(name, named ?? loaded ?? ''),
    ),
  )
  expect(problems.filter((problem) => problem !== undefined)).toEqual([])
})

function problemOf(name: string, target: string): string | undefined {
  if (target.startsWith('node:')) return undefined
  const folder = folderOf(name)
  if (target.startsWith('.')) {
    const to = folderOf(join(dirname(name), target))
    const allowed = to === folder || (MAY_IMPORT[folder] ?? []).includes(to)
    return allowed ? undefined : `${name}: ${folder} may not import ${to}`
  }
  const owner = OWNER[/^(@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? '']
  return owner?.includes(folder) === true
    ? undefined
    : `${name}: package ${target} belongs to ${owner?.join(', ') ?? 'nobody yet'}`
}

function folderOf(name: string): string {
  return (name.split(sep)[0] ?? '').replace(/\.ts$/, '')
}

test('the map has no cycle', () => {
  const order = Object.keys(MAY_IMPORT)
  const upward = Object.entries(MAY_IMPORT).flatMap(([from, allowed]) =>
    allowed.filter((to) => order.indexOf(to) <= order.indexOf(from)).map((to) => `${from} -> ${to}`),
  )
  expect(upward).toEqual([])
})
