// Whether a connection failed because nobody listens there.

/** True where the system refused the connection, at whatever depth of causes: nothing was sent then. */
export function isRefusal(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true
  }
  return false
}
