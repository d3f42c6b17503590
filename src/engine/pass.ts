// The plan `pass`: Druid's own answer, streamed as it comes.
import { type Druid, type DruidAnswer } from '../druid/druid.ts'
import { firstHeader } from '../druid/wire-headers.ts'
import { type Reason } from '../plan/reasons.ts'
import { type ResultFormat } from '../result/format.ts'
import { watchEnd } from './body-end.ts'
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
      service: request.service,
      repeatable,
      cancel: { kind: 'sql', id: request.upstreamId },
    },
    signal,
  )
  const outcome = { kind: 'bypass', reason } as const
  return { ...passed(answer, request.wire.resultFormat, outcome), upstreamId: request.upstreamId }
}

/** An answer of Druid as it is given on. */
function passed(answer: DruidAnswer, format: ResultFormat, outcome: StreamAnswer['outcome']): StreamAnswer {
  const { status, reason, headers } = answer
  const body = answer.body as AsyncIterable<Buffer>
  // Where trailers are announced they tell how it ended.
  const tells = status !== 200 || firstHeader(headers, 'trailer') !== undefined
  const watched = tells ? undefined : watchEnd(body, format, firstHeader(headers, 'content-encoding'))
  const ending = (): Ending => {
    const { complete, trailers } = endingOf(answer)
    return { complete: complete && (watched?.complete() ?? true), trailers }
  }
  return {
    kind: 'stream',
    status,
    reason,
    headers,
    form: 'client',
    body: watched?.body ?? body,
    ending,
    outcome,
    upstreamId: undefined,
  }
}

/** How an answer ended, to be asked after its body: Brokers say in a trailer that they failed after the first row. */
export function endingOf(answer: DruidAnswer): Ending {
  const trailers = answer.trailers()
  return { complete: answer.status !== 200 || trailers['x-druid-response-complete'] !== 'false', trailers }
}
