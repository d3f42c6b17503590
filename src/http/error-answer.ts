// Ovate's own errors, in the shape of Druid's.
import { type ServerResponse, STATUS_CODES } from 'node:http'
import { ERROR_CODES, type ErrorCode, OvateError } from '../errors.ts'
import { endAnswer, lastHeaders } from './last-answer.ts'
import { noLeaderBody } from './management.ts'

/** Errors that Druid has had since before `DruidException`: clients know them by these names (observed on 33.0.0). */
const LEGACY = new Map<ErrorCode, { readonly error: string; readonly errorClass: string }>([
  ['OVATE_CANCELLED', { error: 'Query cancelled', errorClass: 'java.util.concurrent.CancellationException' }],
  ['OVATE_DEADLINE', { error: 'Query timeout', errorClass: 'org.apache.druid.query.QueryTimeoutException' }],
  [
    'OVATE_QUEUE_FULL',
    {
      error: 'Query capacity exceeded',
      errorClass: 'org.apache.druid.query.QueryCapacityExceededException',
    },
  ],
])

/** The body of an error as Druid writes its own (33.0.0); `ovateCode` tells that it isn't Druid's. */
export function errorBody({ code, message }: OvateError): Buffer {
  const { persona, category } = ERROR_CODES[code]
  const legacy = LEGACY.get(code)
  const body =
    legacy === undefined
      ? {
          error: 'druidException',
          errorCode: 'general',
          persona,
          category,
          errorMessage: message,
          context: { ovateCode: code },
        }
      : {
          ...legacy,
          host: null,
          errorCode: 'legacyQueryException',
          persona: 'OPERATOR',
          category,
          errorMessage: message,
          context: { errorClass: legacy.errorClass, legacyErrorCode: legacy.error, ovateCode: code },
        }
  return Buffer.from(JSON.stringify(body))
}

/** What a client may read of an error: its own message only where the message was made for clients. */
export function asOvateError(error: unknown): OvateError {
  if (error instanceof OvateError) return error
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new OvateError('OVATE_DEADLINE', 'Druid did not answer within the time of this query', {
      cause: error,
    })
  }
  return new OvateError('OVATE_INTERNAL', 'an error inside Ovate; its log says more', { cause: error })
}

/** Told of each error that a client is given instead of an answer. */
export type OnError = (error: unknown) => void

/** Writes an error if the client is there and the head isn't out yet; cuts the connection where it is. */
export function sendError(response: ServerResponse, error: unknown, onError: OnError, id?: string): void {
  if (response.destroyed) return
  onError(error)
  if (response.headersSent) {
    response.destroy()
    return
  }
  const told = asOvateError(error)
  const { code } = told
  const body = code === 'OVATE_NO_LEADER' ? noLeaderBody(response.req.url ?? '') : errorBody(told)
  const ids = id === undefined ? [] : ['X-Druid-Query-Id', id, 'X-Druid-SQL-Query-Id', id]
  const { status } = ERROR_CODES[code]
  const retry = status === 429 || status === 503 ? ['Retry-After', '1'] : []
  // Without words of its own it would be written with those of a head that could not be.
  response.writeHead(status, STATUS_CODES[status] ?? '', [
    ...ids,
    ...lastHeaders(response),
    ...retry,
    'Content-Type',
    'application/json',
    'Content-Length',
    String(body.length),
  ])
  endAnswer(response, response.req.method === 'HEAD' ? undefined : body)
}
