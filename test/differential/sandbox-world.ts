// The world of the fast test: Ovate in front of the sandbox, on a clock that moves when the sequence says so.
import { Agent } from 'node:http'
import { sharedThrough } from '../../src/app/coordinate.ts'
import { createLog } from '../../src/observe/log.ts'
import { randomOf } from '../cluster/random.ts'
import { type SandboxTable } from '../../src/sandbox/store.ts'
import { FakeCoordination } from '../coordination/support.ts'
import { ask } from '../support/http-client.ts'
import { settle } from '../support/manual-clock.ts'
import { type Replicas, startReplicas } from '../support/replicas.ts'
import { OWN_AUTHORIZATION, startSandboxStack } from '../support/sandbox-stack.ts'
import { type CacheAnswer, type Change, type World } from './world.ts'
import { clockChanges } from './buckets.ts'
import { type OtherForm, type Subject } from './generate.ts'
import { type Operation } from './operations.ts'
import { COLUMNS, DAY_MS, daysOfRows, midnights, type Row, STEP_MS } from './table.ts'
import { until } from '../support/until.ts'

const TABLE = 'facts'
const DAYS = 28
const ROWS_PER_DAY = 24
/** Bounds of freshness; a change is past them. */
const SETTINGS = { freshness: { head: '5s', cap: '15s', schemaRefresh: '2s' } }
const OPERATION_MS = 10_000
const PAST_BOUND_MS = 2 * STEP_MS
/** By what they send: one sees every row, one some of them, one may not read at all. */
const FULL = 'Basic ZnVsbDpmdWxs'
const PART = 'Basic cGFydDpwYXJ0'
const NONE = 'Basic bm9uZTpub25l'

export interface SandboxWorld extends World {
  stop(): Promise<void>
}

/** Another world than the usual one. */
export interface SandboxWorldOptions {
  readonly nowMs?: number
  /** Of rows, before `nowMs`. */
  readonly days?: number
  readonly bucket?: Subject['bucket']
  /** Ovates that share what they hold, asked one after the other; left out: one that shares nothing. */
  readonly replicas?: number
}

/** Starts one; `seed` makes its rows. */
export async function startSandboxWorld(
  seed: number,
  { nowMs, days = DAYS, bucket, replicas = 1 }: SandboxWorldOptions = {},
): Promise<SandboxWorld> {
  const random = randomOf(seed)
  const operators: ReturnType<typeof sharedThrough>[] = []
  const started =
    replicas === 1
      ? await alone(nowMs)
      : await startReplicas(
          replicas,
          { ...SETTINGS, identity: { secret: 'the same' } },
          {
            nowMs,
            epochsOf: (at) => operators[at]?.epochs ?? NO_EPOCHS,
          },
        )
  const { clock, sandbox } = started
  const stacks = started.replicas.map(({ stack }) => stack)
  const toMs = Math.floor(clock.now() / DAY_MS) * DAY_MS
  const fromMs = toMs - days * DAY_MS
  const table = await sandbox.engine.createTable(TABLE, COLUMNS)
  await table.append(daysOfRows(random, midnights(fromMs, toMs), ROWS_PER_DAY).map(record))
  const everything = { tables: [TABLE, 'stream'] }
  sandbox.behaviour.users = {
    '': everything,
    [OWN_AUTHORIZATION]: everything,
    [FULL]: everything,
    [PART]: { tables: [TABLE], rowFilter: { [TABLE]: `country IS DISTINCT FROM 'US'` } },
    [NONE]: { tables: ['stream'] },
  }
  const coordination = new FakeCoordination()
  coordination.become('connected')
  for (const stack of stacks) {
    const sharing = { parts: stack, log: createLog('silent'), metrics: stack.metrics }
    operators.push(sharedThrough(coordination, '/ovate', sharing))
  }
  const all = async (work: (operator: ReturnType<typeof sharedThrough>) => Promise<void>): Promise<void> => {
    await Promise.all(operators.map(work))
  }
  let turn = 0
  const agent = new Agent({ keepAlive: true })
  const more: string[] = []
  const moments = clockChanges(fromMs, toMs)
  const sent = async (base: string, body: string, identity: string | undefined): Promise<CacheAnswer> => {
    const headers = {
      'content-type': 'application/json',
      ...(identity !== undefined && { authorization: identity }),
    }
    const got = await ask(`${base}/druid/v2/sql`, { headers, body, agent })
    const cut = got.complete ? '' : ' and then the connection was cut'
    return { status: got.status, body: got.body.toString() + cut, cache: String(got.headers['cache-status']) }
  }
  const settled = async (): Promise<void> => {
    await Promise.all(stacks.map(({ keeper }) => keeper.settled()))
  }
  const advance = async (ms: number): Promise<void> => {
    await settled()
    await clock.advance(ms)
    // Probes went out when time moved; a Broker counts as frozen that has not answered when it moves again.
    await until(() => stacks.every(({ druid }) => druid.brokers().every(({ state }) => state === 'ready')))
  }
  return {
    still: true,
    pace: { change: 0.08, time: 0.05 },
    changes: ['append', 'append', 'late rows', 'replace', 'drop', 'compact', 'column', 'hand off'],
    identities: [undefined, undefined, undefined, FULL, FULL, PART, PART, NONE],
    subject: () => ({
      table: TABLE,
      fromMs,
      toMs: clock.now(),
      more,
      others: OTHERS,
      moments,
      ...(bucket !== undefined && { bucket }),
    }),
    nowMs: () => clock.now(),
    ovate: (body, identity) => {
      turn += 1
      return sent(stacks[turn % stacks.length]?.server.url ?? '', body, identity)
    },
    druid: (body, identity) => sent(sandbox.url, body, identity),
    settled,
    advance: (ms) => advance(Math.max(ms, PAST_BOUND_MS)),
    // One identity sees some rows only: nothing may be declared shared, or free of policies.
    settings: [],
    operate: async (operation) => {
      const [operator] = operators
      if (operator !== undefined) await operated(operator, operation)
      // The others are told by their watches.
      await settle()
    },
    change: async (change) => {
      await settled()
      await changed(table, change)
      if (change.kind === 'column') more.push(change.name)
      await advance(PAST_BOUND_MS)
    },
    stop: async () => {
      agent.destroy()
      await all((operator) => operator.close())
      await started.stop()
    },
  }
}

async function alone(nowMs: number | undefined): Promise<Replicas> {
  const started = await startSandboxStack(SETTINGS, nowMs)
  const stop = (): Promise<void> => started.stop()
  return { ...started, replicas: [{ stack: started.stack, stop }], stop }
}

/** Until they are read nothing is shared. */
const NO_EPOCHS = { of: () => undefined, lineage: undefined }

/** As one asks a replica to: the others are told by their watches in the same words. */
async function operated(
  { settings, epochs }: Pick<ReturnType<typeof sharedThrough>, 'settings' | 'epochs'>,
  operation: Operation,
): Promise<void> {
  const signal = AbortSignal.timeout(OPERATION_MS)
  const datasource = operation.isForAll ? undefined : TABLE
  if (operation.kind === 'purge') {
    await epochs.raise({ datasource, interval: operation.interval }, 'test', signal)
    return
  }
  const { version, settings: before } = await settings.get(datasource, signal)
  const basis = before === null || version === undefined ? 'none' : version
  await settings.set(datasource, { settings: operation.settings, by: 'test' }, basis, signal)
}

async function changed(table: SandboxTable, change: Change): Promise<void> {
  switch (change.kind) {
    case 'append':
      return await table.append(change.rows.map(record), true)
    case 'late rows':
      return await table.append(change.rows.map(record))
    case 'replace':
      return await table.reindex(change.day, change.day + DAY_MS, {
        added: 'added + 7',
        country: `CASE WHEN country = 'FR' THEN NULL ELSE country END`,
      })
    case 'compact':
      return await table.compact(change.day, change.day + DAY_MS)
    case 'drop':
      return table.drop(change.day, change.day + DAY_MS)
    case 'restore':
      return table.restore(change.day, change.day + DAY_MS)
    case 'column':
      return await table.addColumn(change.name, 'VARCHAR')
    case 'hand off':
      return table.handOff()
    case 'rights':
      throw new Error('everybody sees the same here')
  }
}

function record({ atMs, more, big, ...columns }: Row): Readonly<Record<string, unknown>> {
  return { __time: atMs, ...columns, big: String(big), ...more }
}

/** What the sandbox knows beside grouped aggregates. */
const OTHERS: readonly OtherForm[] = [
  {
    text: 'SELECT "__time", "country", "added" FROM {table} WHERE {where} ORDER BY "__time" LIMIT 20',
    ordered: [0],
  },
  {
    text: 'SELECT "__time", "city", "price", "big" FROM {table} WHERE {where} ORDER BY "__time" DESC LIMIT 15',
    ordered: [0],
  },
  { text: 'SELECT DISTINCT "country" FROM {table} WHERE {where}', ordered: [] },
  { text: 'SELECT DISTINCT "device", "isRobot" FROM {table} WHERE {where} ORDER BY 1, 2', ordered: [0, 1] },
  { text: 'SELECT MIN("__time"), MAX("__time") FROM {table} WHERE {where}', ordered: [] },
  {
    text: 'SELECT AVG(n) AS a, MAX(n) AS m FROM (SELECT "country", COUNT(*) AS n FROM {table} WHERE {where} GROUP BY 1)',
    ordered: [],
  },
  {
    text: 'SELECT COUNT(*) AS n FROM {table} UNION ALL SELECT SUM("added") FROM {table} WHERE {where}',
    ordered: 'exactly',
  },
  {
    text: 'SELECT * FROM (SELECT "device", SUM("added") AS s FROM {table} WHERE {where} GROUP BY 1) ORDER BY 2 DESC, 1',
    ordered: [1, 0],
  },
  { text: 'SELECT 1', ordered: [] },
  { text: "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'druid'", ordered: [] },
  { text: 'EXPLAIN PLAN FOR SELECT COUNT(*) FROM {table} WHERE {where}', ordered: [] },
  { text: 'SELECT COUNT(*) FROM nowhere WHERE {where}', ordered: [] },
  { text: 'SELECT COUNT(*) FROM {table} WHERE {where} AND', ordered: [] },
]
