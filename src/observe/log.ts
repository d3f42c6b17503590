// The log: one JSON object a line, on stderr; stdout belongs to the one line that says where Ovate listens.
import { destination, pino, type Logger } from 'pino'

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
    destination({ dest: 2, sync: true }),
  )
}
