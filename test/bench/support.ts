// An answer of a dashboard's statement, as much of it as a test cares about.
import { type Statement } from '../../bench/dashboard/statement.ts'
import { type Answered } from '../../bench/dashboard/viewers.ts'

/** A statement of Superset over `events`, whose rows come as objects. */
export const STATEMENT: Statement = {
  id: 'superset test 1',
  tool: 'superset',
  table: 'events',
  range: { span: () => ({ startMs: 0, endMs: 1_000 }), where: () => '1 = 1' },
  sql: (where) => `SELECT COUNT(*) AS n FROM events WHERE ${where}`,
}

export function answered(given: Partial<Answered> & { readonly rows?: readonly object[] } = {}): Answered {
  const { rows = [], ...rest } = given
  return {
    statement: STATEMENT,
    now: { wallMs: 0, eventsMs: 0 },
    body: { query: '' },
    askedAtMs: 0,
    answeredAtMs: 0,
    tookMs: 1,
    status: 200,
    cacheStatus: '',
    answer: Buffer.from(`${JSON.stringify(rows)}\n`),
    ...rest,
  }
}
