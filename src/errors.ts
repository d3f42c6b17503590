// Every error that Ovate itself makes: one class, one table of stable codes.

/** Druid's words for who should act and what went wrong (`DruidException`, 33.0.0). */
interface ErrorTraits {
  readonly status: number
  /** Whether the same request may succeed elsewhere or later without a change. */
  readonly retry: boolean
  readonly persona: 'USER' | 'ADMIN' | 'OPERATOR' | 'DEVELOPER'
  readonly category:
    | 'INVALID_INPUT'
    | 'CAPACITY_EXCEEDED'
    | 'CANCELED'
    | 'RUNTIME_FAILURE'
    | 'SERVICE_UNAVAILABLE'
    | 'TIMEOUT'
    | 'NOT_FOUND'
    | 'UNAUTHORIZED'
    | 'FORBIDDEN'
    | 'DEFENSIVE'
}

/** Every error that leaves Ovate has one of these codes. docs/errors.md lists them; a test keeps the two equal. */
export const ERROR_CODES = {
  OVATE_CONFIG: { status: 500, retry: false, persona: 'OPERATOR', category: 'INVALID_INPUT' },
  OVATE_BAD_BODY: { status: 400, retry: false, persona: 'USER', category: 'INVALID_INPUT' },
  OVATE_BODY_TOO_LARGE: { status: 413, retry: false, persona: 'USER', category: 'INVALID_INPUT' },
  OVATE_BAD_REQUEST: { status: 400, retry: false, persona: 'USER', category: 'INVALID_INPUT' },
  OVATE_UNAUTHORIZED: { status: 401, retry: false, persona: 'USER', category: 'UNAUTHORIZED' },
  OVATE_FORBIDDEN: { status: 403, retry: false, persona: 'USER', category: 'FORBIDDEN' },
  OVATE_NOT_FOUND: { status: 404, retry: false, persona: 'USER', category: 'NOT_FOUND' },
  OVATE_CONFLICT: { status: 412, retry: false, persona: 'USER', category: 'INVALID_INPUT' },
  OVATE_NO_BASIS: { status: 428, retry: false, persona: 'USER', category: 'INVALID_INPUT' },
  OVATE_NOT_CACHED: { status: 504, retry: false, persona: 'USER', category: 'NOT_FOUND' },
  OVATE_QUEUE_FULL: { status: 429, retry: true, persona: 'OPERATOR', category: 'CAPACITY_EXCEEDED' },
  OVATE_CANCELLED: { status: 500, retry: false, persona: 'USER', category: 'CANCELED' },
  OVATE_NO_BROKER: { status: 503, retry: true, persona: 'OPERATOR', category: 'SERVICE_UNAVAILABLE' },
  OVATE_NO_LEADER: { status: 503, retry: true, persona: 'OPERATOR', category: 'SERVICE_UNAVAILABLE' },
  OVATE_BROKER_FAILED: { status: 502, retry: true, persona: 'OPERATOR', category: 'RUNTIME_FAILURE' },
  OVATE_DEADLINE: { status: 504, retry: false, persona: 'OPERATOR', category: 'TIMEOUT' },
  OVATE_ZOOKEEPER: { status: 503, retry: true, persona: 'OPERATOR', category: 'SERVICE_UNAVAILABLE' },
  OVATE_SHARED_CACHE: { status: 503, retry: true, persona: 'OPERATOR', category: 'SERVICE_UNAVAILABLE' },
  OVATE_INTERNAL: { status: 500, retry: false, persona: 'DEVELOPER', category: 'DEFENSIVE' },
} as const satisfies Record<string, ErrorTraits>

export type ErrorCode = keyof typeof ERROR_CODES

/** An error with a stable code; `cause` keeps what led to it. */
export class OvateError extends Error {
  override readonly name = 'OvateError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
