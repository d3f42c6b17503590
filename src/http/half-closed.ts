// Clients that say that they send no more and read on (`nc -N`, some old ones): Jetty answers them (33.0.0), and so does
// Ovate. Nothing in TCP tells them from clients that have gone, until something is sent to them.
import { type Server } from 'node:http'
import { type Socket } from 'node:net'
import { answerOf } from './bad-http.ts'

/** What every answer begins with. */
const BEGINNING = 'HTTP/1.1 '
/** Between the first bytes of it, growing twofold: the last one is sent after four minutes. */
const PAUSE_MS = 1_000
/** From then on the system asks. Linux takes those who have gone for there until `tcp_fin_timeout` (60 s). */
const ASK_AFTER_MS = 5_000

/** Lets a server answer clients that send no more. Those that have gone are noticed by what is sent next. */
export function answerHalfClosed(server: Server): void {
  // Node's own switch, which stands in its source alone (20.20, lib/_http_server.js).
  Object.assign(server, { httpAllowHalfOpen: true })
  server.on('connection', (socket) => socket.on('end', () => probe(socket)))
}

// A query has to end with its client, and its first row may take minutes. So what every answer begins with is sent at once:
//   client: close()      ─ FIN ─▶  "H" ─▶  RST by the client's system: the query is cancelled
//   client: shutdown(W)  ─ FIN ─▶  "H" ─▶  the client waits for the rest
// One byte after the other, since a tunnel in between tells of the client's RST only when it is given more to send.
function probe(socket: Socket): void {
  const answer = answerOf(socket)
  if (answer === undefined || !socket.writable) return
  // In mid-answer the next rows tell, and while none come, the system does.
  socket.setKeepAlive(true, ASK_AFTER_MS)
  if (answer.headersSent) return
  const write = socket.write.bind(socket) as (data: unknown, ...how: unknown[]) => boolean
  let sent = 0
  let timer: NodeJS.Timeout | undefined
  const send = (pauseMs: number): void => {
    write(BEGINNING.charAt(sent))
    sent += 1
    if (sent < BEGINNING.length) timer = setTimeout(send, pauseMs, pauseMs * 2).unref()
  }
  socket.once('close', () => clearTimeout(timer))
  // The head comes from Node in one piece, as a string: it goes on from what is out.
  socket.write = (data: unknown, ...how: unknown[]): boolean => {
    clearTimeout(timer)
    socket.write = write
    return write(typeof data === 'string' && data.startsWith(BEGINNING) ? data.slice(sent) : data, ...how)
  }
  send(PAUSE_MS)
}
