// One EXPLAIN PLAN FOR, asked of Druid with the caller's own credentials.
import { type Druid } from '../druid/druid.ts'
import { isDenial } from '../druid/denial.ts'
import { wholeBody } from '../druid/whole-body.ts'

const EXPLAIN_MAX_BYTES = 4_000_000

export interface ExplainRequest {
  readonly body: Buffer
  readonly service: string
  readonly headers: readonly string[]
  readonly timeoutMs: number
  /** Told when Druid says that the asker may not. */
  readonly refused: () => void
}

/**
 * The row `[PLAN, RESOURCES, ATTRIBUTES]`; undefined when there isn't exactly one.
 * @throws Error when Druid doesn't explain it, or at length.
 */
export async function explainRow(
  druid: Druid,
  { body, service, headers, timeoutMs, refused }: ExplainRequest,
): Promise<readonly unknown[] | undefined> {
  const answer = await druid.send(
    {
      method: 'POST',
      path: '/druid/v2/sql',
      headers: [...headers, 'content-type', 'application/json'],
      body,
      service,
      repeatable: true,
      cancel: undefined,
    },
    AbortSignal.timeout(timeoutMs),
  )
  if (isDenial(answer.status)) refused()
  const text = (await wholeBody(answer.body, EXPLAIN_MAX_BYTES)).toString('utf8')
  if (answer.status !== 200) throw new Error(`EXPLAIN answered ${answer.status}`)
  const rows = JSON.parse(text) as unknown[][]
  return rows.length === 1 ? rows[0] : undefined
}
