// The log: one JSON object a line, on stderr; stdout belongs to the one line that says where Ovate listens.
import { setTimeout as delay } from 'node:timers/promises'
import { destination, pino, type DestinationStream, type Logger } from 'pino'

export type Log = Logger

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Cut out down to the third level: a net below callers, who log no headers and no configuration. */
const SECRETS = [
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'password',
  'token',
  'secret',
  'auth',
]

/** A log of that level. Values of fields that may be credentials are cut out. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRETS.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]),
        censor: '(cut)',
      },
    },
    stderr(),
  )
}

/** Waits until what was logged is written, half a second at most: what stderr hasn't taken by then is lost. */
export async function written(log: Log): Promise<void> {
  const flushed = new Promise((resolve) => log.flush(resolve))
  await Promise.race([flushed, delay(WRITTEN_MAX_MS, undefined, { ref: false })])
}

const WRITTEN_MAX_MS = 500

/** What waits while stderr takes nothing; lines beyond it are lost. */
const WAITING_MAX_BYTES = 1_000_000

// A log that can't be written must end nothing: a full disk may have room again, and then what waits goes first. Nor may it
// hold up anything, as a pipe would whose reader stands still if its lines were written in turn with the requests.
function stderr(): DestinationStream {
  let isLast = false
  let isFailing = false
  const stream = destination({
    dest: 2,
    sync: false,
    // With a length below 1, `flush` does nothing (sonic-boom 4.2), and who has to drop lines would never try again.
    minLength: 1,
    maxLength: WAITING_MAX_BYTES,
    retryEAGAIN: () => !isLast,
  })
  const flushSync = stream.flushSync.bind(stream)
  // By pino, when the process ends: that must not wait for a reader, nor for room, for which sonic-boom (4.2) tries for ever.
  stream.flushSync = () => {
    if (isFailing) return
    isLast = true
    try {
      flushSync()
    } catch {
      // What it doesn't take at once is lost.
    }
  }
  return stream
    .on('error', () => (isFailing = true))
    .on('write', () => (isFailing = false))
    .on('drop', () => stream.flush())
}
