// Waiting that a signal can end.

/** The promise's outcome, or the signal's reason if that fires first; what the promise does then is its owner's. */
export function orAborted<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error)
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    value.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

/** Calls back once the signal has fired, at once if it has: a listener put on after that would never be called. */
export function whenAborted(signal: AbortSignal, callback: () => void): void {
  if (signal.aborted) callback()
  else signal.addEventListener('abort', callback, { once: true })
}

/**
 * Runs `work` with a signal that fires with the first of some. `AbortSignal.any` keeps 60 bytes of each signal that it made
 * for as long as the signals it was made of live (Node 20.20): that adds up where they live long.
 */
export async function withFirstOf<Value>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const first = new AbortController()
  const offs: (() => void)[] = []
  try {
    for (const signal of signals) {
      const fire = (): void => first.abort(signal.reason)
      if (signal.aborted) fire()
      signal.addEventListener('abort', fire)
      offs.push(() => signal.removeEventListener('abort', fire))
    }
    return await work(first.signal)
  } finally {
    for (const off of offs) off()
  }
}
