// The end of listening, after which those who have connected and whom nobody has looked at yet would be reset.
import { Server as NetServer } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** A turn of the loop in which so little happened that hardly anyone can have connected since it looked. */
const CALM_MS = 0.1
/** So long a calm one is waited for: where there is none any more, none is worth waiting for. */
const CALM_MAX_MS = 500

/**
 * Closes the listening socket alone, at a moment when its backlog is empty; connections stay as they are. The kernel
 * resets those in the backlog when the socket is closed (`listen(2)`), with what they have sent, which balancers don't
 * send again when it was a POST; and libuv (since 1.45) takes one of them in each turn of the loop, so that there are
 * some whenever many come.
 */
export async function stopListening(server: NetServer): Promise<void> {
  // What is called for the first time is compiled first, and meanwhile others connect.
  close(new NetServer())
  let taken = 0
  const take = (): void => {
    taken += 1
  }
  server.on('connection', take)
  const beganMs = performance.now()
  for (let lookedMs = beganMs, isCalm = false; !isCalm;) {
    taken = 0
    await nextTurn()
    const nowMs = performance.now()
    isCalm = (taken === 0 && nowMs - lookedMs < CALM_MS) || nowMs - beganMs > CALM_MAX_MS
    lookedMs = nowMs
  }
  close(server)
  server.off('connection', take)
}

/** What `close` of an HTTP server does beside it is left out. */
function close(server: NetServer): void {
  NetServer.prototype.close.call(server)
}
