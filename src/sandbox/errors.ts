// Errors of the sandbox, each with the body that Druid 33 would send.

export class SandboxError extends Error {
  readonly status: number
  readonly body: string
  readonly type: string

  constructor(status: number, message: string, body?: string, type = 'application/json') {
    super(message)
    this.status = status
    this.body = body ?? invalid(message)
    this.type = type
  }
}

interface Place {
  readonly line: number
  readonly column: number
  readonly endColumn: number
}

/** For statements that name what isn't there, or that stop making sense, with the place where. */
export function invalidAt(message: string, { line, column, endColumn }: Place): SandboxError {
  const place = {
    line: String(line),
    column: String(column),
    endLine: String(line),
    endColumn: String(endColumn),
  }
  return new SandboxError(400, message, invalid(`${message} (line [${line}], column [${column}])`, place))
}

/** For statements that the sandbox doesn't know: it never guesses. */
export function unknownForm(what: string): SandboxError {
  return new SandboxError(400, `The sandbox doesn't know this form: ${what}`)
}

/** For what Druid understands and cannot do. */
export function cannotPlan(reason: string): SandboxError {
  const message = `Query could not be planned. A possible reason is [${reason}]`
  const fixed = { errorCode: 'general', persona: 'USER', category: 'INVALID_INPUT' }
  return new SandboxError(400, message, druid({ ...fixed, errorMessage: message, context: {} }))
}

/** Found while a query runs; doubles don't know it. */
export function divisionByZero(): SandboxError {
  const fixed = { errorCode: 'general', persona: 'ADMIN', category: 'UNCATEGORIZED' }
  return new SandboxError(500, '/ by zero', druid({ ...fixed, errorMessage: '/ by zero', context: {} }))
}

export function cancelled(): SandboxError {
  const errorClass = 'java.util.concurrent.CancellationException'
  return legacy(500, {
    error: 'Query cancelled',
    errorClass,
    category: 'CANCELED',
    errorMessage: 'Task was cancelled.',
  })
}

/** For columns of one name and of several types, where a head is wanted. */
export function conflictingTypes(name: string, one: string, other: string): SandboxError {
  return legacy(500, {
    error: 'Unknown exception',
    errorClass: 'org.apache.druid.java.util.common.IAE',
    category: 'RUNTIME_FAILURE',
    errorMessage: `Column[${name}] has conflicting types [${one}] and [${other}]`,
  })
}

export function timedOut(id: string): SandboxError {
  const errorClass = 'org.apache.druid.query.QueryTimeoutException'
  const errorMessage = `Query[${id}] url[http://sandbox:8083/druid/v2/] timed out.`
  return legacy(504, { error: 'Query timeout', errorClass, category: 'TIMEOUT', errorMessage })
}

/** A page of Jetty's, for what Druid doesn't catch. */
export function page(message: string): SandboxError {
  const html = `<html>\n<head>\n<title>Error 500 ${message}</title>\n</head>\n<body><h2>HTTP ERROR 500 ${message}</h2></body>\n</html>\n`
  return new SandboxError(500, message, html, 'text/html;charset=iso-8859-1')
}

/** For a datasource that the caller may not read. */
export function unauthorized(): SandboxError {
  return new SandboxError(403, 'Unauthorized', '{"Access-Check-Result":"Unauthorized"}')
}

function invalid(errorMessage: string, place: Readonly<Record<string, string>> = {}): string {
  const fixed = { errorCode: 'invalidInput', persona: 'USER', category: 'INVALID_INPUT' }
  return druid({ ...fixed, errorMessage, context: { sourceType: 'sql', ...place } })
}

function druid(fields: object): string {
  return JSON.stringify({ error: 'druidException', ...fields })
}

interface Legacy {
  readonly error: string
  readonly errorClass: string
  readonly category: string
  readonly errorMessage: string
}

function legacy(status: number, { error, errorClass, category, errorMessage }: Legacy): SandboxError {
  const host = 'sandbox:8083'
  const fixed = { errorCode: 'legacyQueryException', persona: 'OPERATOR', category, errorMessage }
  const context = { host, errorClass, legacyErrorCode: error }
  return new SandboxError(
    status,
    errorMessage,
    JSON.stringify({ error, errorClass, host, ...fixed, context }),
  )
}
