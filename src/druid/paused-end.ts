// Connections that end while the reader of an answer takes nothing.
import { type Socket } from 'node:net'

/** undici's own, of one connection (7.30.2, `client-h1.js`). */
interface Parser {
  paused: boolean
  readonly resume: () => void
}

/**
 * Keeps such an end from ending the process: where an answer says `Connection: close`, undici's parser asserts that it isn't
 * paused when the connection ends or is reset (7.30.2, `Parser.finish`; mended in versions that want a later Node). To be called
 * before undici has the socket, whose listeners must come second.
 */
export function endsWhilePaused(socket: Socket): void {
  socket.prependListener('end', () => {
    const parser = parserOf(socket)
    if (parser === undefined) return
    // All that came was given to it by then: it has no more to say than that the answer is complete.
    parser.resume()
    // If it isn't, the parser pauses again, and the answer fails with its connection.
    parser.paused = false
  })
  // By its code undici may take what is here for the whole answer.
  socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') delete error.code
  })
}

function parserOf(socket: Socket): Parser | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser')
  return key === undefined ? undefined : (Reflect.get(socket, key) as Parser | undefined)
}
