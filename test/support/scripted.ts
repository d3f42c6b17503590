// A Broker's side of the talk, scripted: what it answers to statements, EXPLAIN, checks of rights and looks at timelines.
import { type DruidRequest } from '../../src/druid/druid.ts'
import { candidatesText, type Given } from './candidates.ts'
import { type Answerer, type Reply } from './fake-druid.ts'

export interface Script {
  /** Rows in the form that is kept, as JSON text; used for whatever asks for that form. */
  kept: string
  /** Any other body's answer. */
  passed: string
  tables: string[]
  /** A row policy over each table, as EXPLAIN shows it. */
  policy?: object
  segments: Given[]
  /** Answers in the order of asking before anything else, for data queries only. */
  readonly next: ((request: DruidRequest, signal: AbortSignal) => Reply | Promise<Reply>)[]
  /** Status for a request with this Authorization header, by a function. */
  rights: (authorization: string | undefined, sql: string) => number
  readonly headers: string[]
}

export type QueryKind = 'explain' | 'rights' | 'columns' | 'candidates' | 'data'

export function kindOf(request: DruidRequest): QueryKind {
  if (request.path.includes('/candidates')) return 'candidates'
  const text = bodyText(request)
  if (text.includes('EXPLAIN PLAN FOR')) return 'explain'
  if (text.includes('INFORMATION_SCHEMA.COLUMNS')) return 'columns'
  return /LIMIT 0"/.test(text) ? 'rights' : 'data'
}

/** A request's body, where it is there as a whole. */
export function bodyText(request: DruidRequest | undefined): string {
  return Buffer.isBuffer(request?.body) ? request.body.toString() : ''
}

export function script(): Script {
  return {
    kept: '[["n"],["LONG"],["BIGINT"],[3]]\n',
    passed: '[{"n":3}]\n',
    tables: ['events'],
    segments: [{ interval: '2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z' }],
    next: [],
    rights: () => 200,
    headers: ['X-Druid-Response-Context', '{}', 'Content-Type', 'application/json'],
  }
}

export function answerer(given: Script): Answerer {
  return (request, signal) => {
    const kind = kindOf(request)
    if (kind === 'candidates') return { body: candidatesText(given.segments) }
    if (kind === 'columns') return { body: '["n","BIGINT","YES"]\n\n' }
    const text = bodyText(request)
    const status = given.rights(authorizationOf(request), text)
    if (status !== 200) return { status, body: '{"Access-Check-Result":"Unauthorized"}' }
    if (kind === 'explain') return { body: explained(given) }
    if (kind === 'rights') return { body: '[]\n' }
    const next = given.next.shift()
    if (next !== undefined) return next(request, signal)
    const trailers = { 'x-druid-response-complete': 'true' }
    const body = text.includes('"sqlTypesHeader":true') ? given.kept : given.passed
    return { headers: given.headers, body, trailers }
  }
}

export function authorizationOf({ headers }: DruidRequest): string | undefined {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization')
  return at < 0 ? undefined : headers[at + 1]
}

/** What EXPLAIN says of a timeseries over tables, and of a row policy over them. */
export function explained({ tables, policy }: Pick<Script, 'tables' | 'policy'>): string {
  const sourceOf = (name: string): object => ({ type: 'table', name })
  const plan = tables.map((name) => ({
    query: {
      queryType: 'timeseries',
      dataSource: policy === undefined ? sourceOf(name) : { type: 'restrict', base: sourceOf(name), policy },
      intervals: {
        type: 'intervals',
        intervals: ['-146136543-09-08T08:23:32.096Z/146140482-04-24T15:36:27.903Z'],
      },
    },
  }))
  const resources = tables.map((name) => ({ name, type: 'DATASOURCE' }))
  return `${JSON.stringify([[JSON.stringify(plan), JSON.stringify(resources), '{}']])}\n`
}
