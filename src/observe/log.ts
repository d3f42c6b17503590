// The log: one JSON object a line, on stderr; stdout belongs to the one line that says where Ovate listens.
import { destination, pino, type Logger } from 'pino'

export type Log = Logger

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Never in the log, wherever they turn up. */
const SECRETS = ['authorization', 'cookie', 'password', 'token', 'secret', 'auth']

/** A log of that level. Values of fields that may be credentials are cut out. */
export function createLog(level: LogLevel): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '(cut)' },
    },
    destination({ dest: 2, sync: true }),
  )
}
