// The plan `pass`: Druid's own answer, streamed as it comes.
import { type Druid, type DruidAnswer } from '../druid/druid.ts'
import { type Reason } from '../plan/reasons.ts'
import { contextText } from '../plan/query.ts'
import { type Ending, type SqlRequest, type StreamAnswer } from './request.ts'

/**
 * Sends a SQL request on and gives Druid's answer, untouched.
 * @throws OvateError when no Broker could be asked; the signal's reason.
 */
export async function pass(
  druid: Druid,
  request: SqlRequest,
  { reason, repeatable }: { readonly reason: Reason; readonly repeatable: boolean },
  signal: AbortSignal,
): Promise<StreamAnswer> {
  const encoding = request.acceptEncoding === undefined ? [] : ['accept-encoding', request.acceptEncoding]
  const answer = await druid.send(
    {
      method: 'POST',
      path: '/druid/v2/sql',
      headers: [...request.headers, 'content-type', 'application/json', ...encoding],
      body: request.bodies.pass(),
      service: contextText(request.query, 'brokerService'),
      repeatable,
      cancel: { kind: 'sql', id: request.id },
    },
    signal,
  )
  return passed(answer, { kind: 'bypass', reason })
}

/** An answer of Druid as it is given on. */
function passed(answer: DruidAnswer, outcome: StreamAnswer['outcome']): StreamAnswer {
  return {
    kind: 'stream',
    status: answer.status,
    headers: answer.headers,
    form: 'client',
    body: answer.body as AsyncIterable<Buffer>,
    ending: () => endingOf(answer),
    outcome,
    upstreamId: undefined,
  }
}

/** How an answer ended, to be asked after its body: Brokers say in a trailer that they failed after the first row. */
export function endingOf(answer: DruidAnswer): Ending {
  const trailers = answer.trailers()
  return { complete: answer.status !== 200 || trailers['x-druid-response-complete'] !== 'false', trailers }
}
