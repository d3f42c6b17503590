// The life of a request, as a controller.
import { type ServerResponse } from 'node:http'

/** Aborts when the client leaves before its answer is out; others may abort it too. */
export function untilGone(response: ServerResponse): AbortController {
  const stop = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) stop.abort(new Error('the client has gone'))
  })
  return stop
}
