// Real client programs, each run against a Broker and against Ovate: what it was given is the same, down to its errors.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App } from '../../src/app/app.ts'
import { druidryJars } from './artifacts.ts'
import { clusterAvailable, theCluster } from './available.ts'
import { nodeFolderWith, pythonWith } from './program-installs.ts'
import { type Command, ProgramRun } from './program-run.ts'
import { type Head, type Recorder, startRecorder } from './recorder.ts'
import { startOvate } from './ovate.ts'

const FOLDER = join(import.meta.dirname, 'programs')
const DAY_MS = 86_400_000
const WARM_RUNS_MAX = 30
const TIMEOUT_MS = 900_000

/** What a program sends, as watched. */
interface Habits {
  readonly paths: readonly string[]
  /** How its bodies go out. */
  readonly bodies: 'length' | 'chunks' | 'gzip'
  /** Whether it asks for gzip. */
  readonly packed: boolean
  readonly connections: 'one' | 'each'
}

interface Program {
  readonly name: string
  /** Throws where it can't be had. */
  readonly command: (days: readonly [string, string], signal: AbortSignal) => Promise<Command>
  /** So many of its statements, at least, are hits in the end. */
  readonly held: number
  readonly sends: Habits
  /** Where the Broker's own answers break the program, a Router's are what it has to see. */
  readonly breaksOnBroker?: boolean
}

const python =
  (requirements: readonly string[], program: string): Program['command'] =>
  async (days, signal) => ({
    command: await pythonWith(
      requirements.map((file) => join(FOLDER, file)),
      signal,
    ),
    args: ['-B', join(FOLDER, program), ...days],
    env: { PYTHONPATH: FOLDER, PYTHONIOENCODING: 'utf-8' },
  })

/** One environment for all that fit together: making one takes longer than what is then run in it. */
const NEWEST = ['pydruid/requirements-sqlalchemy-2.txt', 'druid-query/requirements.txt']
const SQLALCHEMY_1 = ['pydruid/requirements-sqlalchemy-1.4.txt']
const TORNADO = python(NEWEST, 'pydruid/waiting.py')
const SUPERSET: Habits = { paths: ['/druid/v2/sql/'], bodies: 'length', packed: true, connections: 'each' }
const NATIVE: Habits = { paths: ['/druid/v2/'], bodies: 'length', packed: false, connections: 'each' }

const PROGRAMS: readonly Program[] = [
  {
    name: 'pydruid 0.6.9, DB-API',
    command: python(NEWEST, 'pydruid/dbapi.py'),
    held: 8,
    sends: { ...SUPERSET, paths: ['/druid/v2/nothing/', '/druid/v2/sql/'] },
  },
  {
    name: 'pydruid 0.6.9 under SQLAlchemy 2',
    command: python(NEWEST, 'pydruid/alchemy.py'),
    held: 4,
    sends: SUPERSET,
  },
  {
    name: 'pydruid 0.6.9 under SQLAlchemy 1.4',
    command: python(SQLALCHEMY_1, 'pydruid/alchemy.py'),
    held: 4,
    sends: SUPERSET,
  },
  {
    name: 'pydruid 0.6.9, native',
    command: python(NEWEST, 'pydruid/native.py'),
    held: 0,
    sends: NATIVE,
  },
  {
    name: 'pydruid 0.6.9, Tornado',
    command: TORNADO,
    held: 0,
    sends: { ...NATIVE, packed: true },
    breaksOnBroker: true,
  },
  {
    name: 'druid-query 0.3.1',
    command: python(NEWEST, 'druid-query/druid_query_cases.py'),
    held: 10,
    sends: { paths: ['/druid/v2/', '/druid/v2/sql'], bodies: 'gzip', packed: true, connections: 'one' },
  },
  {
    name: 'druid-query-toolkit 1.2.2',
    command: async (days) => ({
      command: process.execPath,
      args: [join(FOLDER, 'toolkit/toolkit.mjs'), ...days],
    }),
    held: 10,
    sends: { paths: ['/druid/v2', '/druid/v2/sql'], bodies: 'length', packed: true, connections: 'one' },
  },
  {
    name: 'plywood 0.33.3 with plywood-druid-requester 3.0.2',
    command: async (days, signal) => {
      const folder = await nodeFolderWith(join(FOLDER, 'plywood'), signal)
      return { command: process.execPath, args: [join(FOLDER, 'plywood/plywood.mjs'), ...days, folder] }
    },
    held: 8,
    sends: {
      paths: ['/druid/v2/', '/druid/v2/datasources/', '/druid/v2/sql/', '/status'],
      bodies: 'length',
      packed: false,
      connections: 'one',
    },
  },
  {
    name: 'druidry 3.1',
    command: async (days, signal) => {
      const { java, classPath } = await druidryJars(signal)
      const flags = ['-XX:TieredStopAtLevel=1', '-Xmx256m', '-Duser.timezone=UTC', '-Dfile.encoding=UTF-8']
      const program = join(FOLDER, 'druidry/Druidry.java')
      return { command: java, args: [...flags, '-cp', classPath, program, ...days] }
    },
    held: 0,
    sends: { paths: ['/druid/v2/'], bodies: 'chunks', packed: true, connections: 'each' },
  },
]

describe.runIf(clusterAvailable)('a program', () => {
  let app: App
  let days: readonly [string, string]
  /** Before a Broker, a Router, Ovate, and Ovate for clients that ask for no gzip. */
  let broker: Recorder
  let router: Recorder
  let ovate: Recorder
  let plain: Recorder

  beforeAll(async () => {
    const cluster = theCluster()
    // The other Broker has caches of its own, and an answer from those may have its fields in another order.
    const druid = { brokers: [cluster.services.broker1] }
    app = await startOvate(cluster, { druid, freshness: { head: '60s', cap: '120s' } })
    const end = Date.parse(cluster.seeded?.eventsInterval.split('/')[1] ?? '')
    days = [dayOf(end - 10 * DAY_MS), dayOf(end)]
    broker = await startRecorder(portIn(cluster.services.broker1))
    router = await startRecorder(portIn(cluster.services.router))
    ovate = await startRecorder(portIn(app.url))
    plain = await startRecorder(portIn(app.url), { plain: true })
  })

  afterAll(async () => {
    await Promise.all([broker, router, ovate, plain].map((recorder) => recorder.close()))
    await app.close()
  })

  test.for(PROGRAMS)(
    'can’t tell Ovate from a Broker: $name',
    { timeout: TIMEOUT_MS },
    async (program, { skip, signal }) => {
      const command = await program.command(days, signal).catch(String)
      if (typeof command === 'string') {
        process.stderr.write(`\n*** programs: SKIPPED: ${program.name}, because of ${command}\n`)
        return skip(command)
      }
      for (const recorder of [broker, router, ovate, plain]) recorder.clear()
      const run = new ProgramRun(command)
      try {
        const reference = program.breaksOnBroker === true ? router : broker
        const printed = await run.printedAt(reference.port, signal)
        expect(printed.length).toBeGreaterThan(5)
        expect(habitsOf(reference.requests())).toEqual(program.sends)
        expect(await run.printedAt(ovate.port, signal)).toEqual(printed)
        let held = -1
        for (let warm = 0; warm < WARM_RUNS_MAX && held < program.held; warm += 1) {
          ovate.clear()
          expect(await run.printedAt(ovate.port, signal)).toEqual(printed)
          held = hitsIn(ovate.answers())
        }
        expect(held).toBeGreaterThanOrEqual(program.held)
        // What is held was asked for, and is kept, in the other form of the two.
        expect(await run.printedAt(plain.port, signal)).toEqual(printed)
      } finally {
        await run.stop()
      }
    },
  )

  test('breaks on the trailers of a Broker: pydruid 0.6.9, Tornado', async ({ skip, signal }) => {
    const command = await TORNADO(days, signal).catch(String)
    if (typeof command === 'string') return skip(command)
    const run = new ProgramRun(command)
    try {
      const [first] = await run.printedAt(broker.port, signal)
      expect(first).toContain('Connection closed')
    } finally {
      await run.stop()
    }
  })
})

function habitsOf(connections: readonly (readonly Head[])[]): Habits {
  const requests = connections.flat().filter(({ line }) => !line.startsWith('DELETE'))
  const told = (name: string): readonly string[] =>
    requests.flatMap(({ headers }) => headers.get(name)?.toLowerCase() ?? [])
  const gzipped = told('content-encoding').includes('gzip')
  return {
    paths: [...new Set(requests.map(({ line }) => line.split(' ')[1] ?? ''))].sort(),
    bodies: gzipped ? 'gzip' : told('transfer-encoding').includes('chunked') ? 'chunks' : 'length',
    packed: told('accept-encoding').some((value) => value.includes('gzip')),
    connections: connections.some((one) => one.length > 1) ? 'one' : 'each',
  }
}

function hitsIn(answers: readonly Head[]): number {
  return answers.filter(({ headers }) => headers.get('cache-status')?.startsWith('ovate; hit') === true)
    .length
}

function portIn(url: string): number {
  return Number(new URL(url).port)
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
