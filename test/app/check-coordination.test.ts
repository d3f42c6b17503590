// What `ovate check` says of the znode that replicas share: whether it is there, or can be made.
import { expect, test } from 'vitest'
import { znodeLine } from '../../src/app/check-coordination.ts'
import { type CheckLine } from '../../src/app/check-steps.ts'
import { type Coordination } from '../../src/coordination/coordination.ts'
import { OvateError } from '../../src/errors.ts'

const ROOT = '/apps/ovate'

interface Fake {
  readonly coordination: Pick<Coordination, 'children' | 'exists' | 'create' | 'delete'>
  readonly there: Set<string>
  /** Parents of what was made. */
  readonly made: string[]
}

/** With these znodes; children can be made below some. */
function fake(paths: readonly string[], open: readonly string[]): Fake {
  const there = new Set(paths)
  const made: string[] = []
  const coordination: Fake['coordination'] = {
    children: (path) =>
      Promise.resolve(there.has(path) ? [...there].filter((one) => one.startsWith(`${path}/`)) : undefined),
    exists: (path) => Promise.resolve(there.has(path)),
    create: (path, _data, kind) => {
      const parent = path.slice(0, path.lastIndexOf('/')) || '/'
      expect(kind).toBe('ephemeral')
      if (!there.has(parent)) return Promise.resolve({ kind: 'no-parent' })
      if (!open.includes(parent))
        return Promise.reject(new OvateError('OVATE_ZOOKEEPER', `${path}: no authority`))
      made.push(parent)
      there.add(path)
      return Promise.resolve({ kind: 'created', path })
    },
    delete: (path) => Promise.resolve(there.delete(path) ? 'deleted' : 'gone'),
  }
  return { coordination, there, made }
}

const CASES: readonly (readonly [
  string,
  { paths: string[]; open: string[]; made?: string[]; level: CheckLine['level']; text: string },
])[] = [
  [
    'replicas that are there',
    {
      paths: ['/', '/apps', ROOT, `${ROOT}/replicas`, `${ROOT}/replicas/a`],
      open: [],
      level: 'ok',
      text: `1 replicas are registered at ${ROOT}`,
    },
  ],
  [
    'a znode that any replica can make',
    { paths: ['/'], open: ['/'], made: ['/'], level: 'ok', text: `nothing is at ${ROOT} yet` },
  ],
  [
    'one in a folder of its own',
    {
      paths: ['/', '/apps'],
      open: ['/apps'],
      made: ['/apps'],
      level: 'ok',
      text: `nothing is at ${ROOT} yet`,
    },
  ],
  [
    'one without its folders',
    {
      paths: ['/', '/apps', ROOT],
      open: [ROOT],
      made: [ROOT],
      level: 'ok',
      text: `nothing is at ${ROOT} yet`,
    },
  ],
  [
    'a folder in which nothing may be made',
    { paths: ['/', '/apps'], open: ['/'], level: 'fail', text: `${ROOT} isn't there, and can't be made` },
  ],
  [
    'a chroot that is not there',
    { paths: [], open: [], level: 'fail', text: 'the chroot that the connect string ends with' },
  ],
]

test.each(CASES)('%s', async (_, { paths, open, made = [], level, text }) => {
  const zookeeper = fake(paths, open)
  const line = await znodeLine(zookeeper.coordination, ROOT, AbortSignal.timeout(60_000))
  expect(line.level).toBe(level)
  expect(line.text).toContain(text)
  expect([zookeeper.made, [...zookeeper.there]]).toEqual([made, paths])
})
