// Errors of the operator's listener.
import { ERROR_CODES, type ErrorCode, OvateError } from '../errors.ts'

/** Status and JSON body for an error: fastify's own mistakes of the caller keep their status. */
export function errorAnswer(error: unknown): {
  readonly status: number
  readonly body: { code: ErrorCode; message: string }
} {
  if (error instanceof OvateError) {
    return { status: ERROR_CODES[error.code].status, body: { code: error.code, message: error.message } }
  }
  const status = (error as { statusCode?: unknown }).statusCode
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500) {
    return { status, body: { code: 'OVATE_BAD_REQUEST', message: error.message } }
  }
  return {
    status: 500,
    body: { code: 'OVATE_INTERNAL', message: 'an error inside Ovate; its log says more' },
  }
}
