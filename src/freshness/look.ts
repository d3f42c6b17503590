// One look at what a Broker would read and plan with, by Ovate's own account.
import { createHash } from 'node:crypto'
import { withFirstOf } from '../abort.ts'
import { type Clock } from '../clock.ts'
import { type Druid, type DruidAnswer } from '../druid/druid.ts'
import { OvateError } from '../errors.ts'
import { type Interval } from '../plan/facts.ts'
import { readCandidates } from './candidates.ts'
import { intervalText } from '../time/instant-text.ts'
import { joined, type Segment } from './segments.ts'

export interface Look {
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** As `joined` gives them. */
  readonly segments: readonly Segment[]
  /** Hash over names, types and order of the table's columns as the Broker plans with them. */
  readonly schema: string
}

export interface LookOptions {
  readonly druid: Druid
  readonly clock: Clock
  /** Ovate's own `Authorization`, undefined where Druid wants none. */
  readonly authorization: string | undefined
  readonly segmentsMax: number
  readonly timeoutMs: number
}

const COLUMNS = `SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'druid' AND TABLE_NAME = ?`
const SCHEMA_MAX_BYTES = 16_000_000

/**
 * Asks one Broker for the segments under `interval` and for the columns of a datasource, both at once.
 * @throws OvateError when the Broker doesn't answer both in time and in full.
 */
export async function lookAt(
  options: LookOptions,
  target: {
    readonly broker: string
    readonly service: string
    readonly datasource: string
    readonly interval: Interval
  },
  signal: AbortSignal,
): Promise<Look> {
  const startedAtMs = options.clock.now()
  const [segments, schema] = await withFirstOf([signal, AbortSignal.timeout(options.timeoutMs)], (bounded) =>
    Promise.all([candidates(options, target, bounded), columns(options, target, bounded)]),
  )
  return { startedAtMs, endedAtMs: options.clock.now(), segments: joined(segments), schema }
}

type Target = Parameters<typeof lookAt>[1]

async function candidates(options: LookOptions, target: Target, signal: AbortSignal): Promise<Segment[]> {
  const name = encodeURIComponent(target.datasource)
  const path = `/druid/v2/datasources/${name}/candidates?intervals=${intervalText(target.interval)}`
  const answer = await ask(options, target, { method: 'GET', path, body: undefined }, signal)
  return await readCandidates(answer.body, options.segmentsMax)
}

async function columns(options: LookOptions, target: Target, signal: AbortSignal): Promise<string> {
  const parameters = [{ type: 'VARCHAR', value: target.datasource }]
  const body = Buffer.from(JSON.stringify({ query: COLUMNS, resultFormat: 'arrayLines', parameters }))
  const answer = await ask(options, target, { method: 'POST', path: '/druid/v2/sql', body }, signal)
  const hash = createHash('sha256')
  let sizeBytes = 0
  let end = ''
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > SCHEMA_MAX_BYTES)
      throw new OvateError('OVATE_BROKER_FAILED', 'the list of columns is too long')
    hash.update(chunk)
    end = (end + chunk.toString('latin1')).slice(-2)
  }
  if (end !== '\n\n') throw new OvateError('OVATE_BROKER_FAILED', 'the list of columns is cut')
  return hash.digest('base64url')
}

async function ask(
  options: LookOptions,
  { broker, service }: Target,
  request: { readonly method: string; readonly path: string; readonly body: Buffer | undefined },
  signal: AbortSignal,
): Promise<DruidAnswer> {
  const credentials = options.authorization === undefined ? [] : ['authorization', options.authorization]
  const type = request.body === undefined ? [] : ['content-type', 'application/json']
  const headers = [...credentials, ...type]
  const answer = await options.druid.send(
    { ...request, headers, service, broker, isOwn: true, repeatable: false, cancel: undefined },
    signal,
  )
  if (answer.status === 200) return answer
  answer.body.on('error', () => undefined).destroy()
  throw new OvateError('OVATE_BROKER_FAILED', `${request.path.split('?')[0]} answered ${answer.status}`)
}
