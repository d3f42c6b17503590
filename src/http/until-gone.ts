// The life of a request, as a controller.
import { type ServerResponse } from 'node:http'

/** Aborts when the client leaves before its answer is out, at once if it has; others may abort it too. */
export function untilGone(response: ServerResponse): AbortController {
  const stop = new AbortController()
  const leave = (): void => {
    if (!response.writableFinished) stop.abort(new Error('the client has gone'))
  }
  // It may have left while its request was read, and tells that once only.
  if (response.destroyed) leave()
  response.once('close', leave)
  return stop
}
