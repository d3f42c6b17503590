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
