// Errors of the sandbox, in Druid's own shape.

export class SandboxError extends Error {
  readonly status: number
  readonly body: string

  constructor(status: number, message: string, body?: string) {
    super(message)
    this.status = status
    this.body = body ?? druidError(message)
  }
}

/** For statements that the sandbox doesn't know: it never guesses. */
export function unknownForm(what: string): SandboxError {
  return new SandboxError(400, `The sandbox doesn't know this form: ${what}`)
}

/** For what Druid understands and cannot do. */
export function cannotPlan(reason: string): SandboxError {
  const message = `Query could not be planned. A possible reason is [${reason}]`
  const fixed = { errorCode: 'general', persona: 'USER', category: 'INVALID_INPUT' }
  return new SandboxError(
    400,
    message,
    JSON.stringify({ error: 'druidException', ...fixed, errorMessage: message, context: {} }),
  )
}

function druidError(errorMessage: string): string {
  const fixed = { errorCode: 'invalidInput', persona: 'USER', category: 'INVALID_INPUT' }
  return JSON.stringify({ error: 'druidException', ...fixed, errorMessage, context: { sourceType: 'sql' } })
}
