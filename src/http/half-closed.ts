// Clients that say that they send no more and read on (`nc -N`, some old ones): Jetty answers them (33.0.0), and so does
// Ovate. Nothing in TCP tells them from clients that have gone, until something is sent to them.
import { type Server } from 'node:http'
import { type Socket } from 'node:net'
import { answerOf } from './bad-http.ts'

/** What every answer begins with. */
const BEGINNING = 'HTTP/1.1 '
/** Between the first two bytes of it, ms, growing fourfold: the last one is sent after nine minutes. */
const PAUSE_MS = 25
const PAUSE_GROWTH = 4
/** For how long an answer that has begun may stand still, ms. */
const STILL_MS = 2_000

/** Lets a server answer clients that send no more. Those that have gone are noticed by what is sent next. */
export function answerHalfClosed(server: Server): void {
  // Node's own switch, which stands in its source alone (20.20, lib/_http_server.js).
  Object.assign(server, { httpAllowHalfOpen: true })
  server.on('connection', (socket) => socket.on('end', () => probe(socket)))
}

function probe(socket: Socket): void {
  const answer = answerOf(socket)
  if (answer === undefined || !socket.writable) return
  if (answer.headersSent) endStill(socket, 2)
  else sendBeginning(socket)
}

// A query has to end with its client, and its first row may take minutes. So what every answer begins with is sent at once:
//   client: close()      ─ FIN ─▶  "H" ─▶  RST by the client's system ─▶  "T" fails: the query is cancelled
//   client: shutdown(W)  ─ FIN ─▶  "H", "T" ─▶  the client waits for the rest
// One byte after the other: Node reads no more after a FIN, so that only its next write finds the RST, which takes its time
// on the way, and a tunnel in between sends none before it is given more.
function sendBeginning(socket: Socket): void {
  const write = socket.write.bind(socket) as (data: unknown, ...how: unknown[]) => boolean
  let sent = 0
  let timer: NodeJS.Timeout | undefined
  const send = (pauseMs: number): void => {
    write(BEGINNING.charAt(sent))
    sent += 1
    if (sent < BEGINNING.length) timer = setTimeout(send, pauseMs, pauseMs * PAUSE_GROWTH).unref()
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

// In mid-answer the next rows are what is sent, and two of them in turn find out. Where none come the client is taken to
// have gone, as most have: nothing that may stand in a body can be sent in their place, and who sends no more has said so
// before his answer began, as a rule.
function endStill(socket: Socket, looks: number): void {
  const { bytesWritten } = socket
  const look = (): void => {
    const answer = answerOf(socket)
    if (answer === undefined) return
    // Another one, behind that in line.
    if (!answer.headersSent) sendBeginning(socket)
    else if (socket.bytesWritten === bytesWritten && socket.writableLength === 0) socket.destroy()
    else if (looks > 1) endStill(socket, looks - 1)
  }
  const timer = setTimeout(look, STILL_MS).unref()
  socket.once('close', () => clearTimeout(timer))
}
