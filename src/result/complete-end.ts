// How each of Druid's formats ends, for answers whose HTTP doesn't tell: a Router hides failures.
import { type ResultFormat } from './format.ts'

/** As many last bytes of an answer as are looked at. */
export const END_BYTES = 2

/**
 * Whether an answer ended as Druid 33.0.0 ends a complete one: `]` and a line feed, or an empty line. `last` holds its
 * last bytes, at most two. A csv field may hold an empty line, so for csv "true" is likely, not sure.
 */
export function endsComplete(format: ResultFormat, last: Buffer, totalBytes: number): boolean {
  const text = last.toString('latin1')
  if (format === 'array' || format === 'object') return text.endsWith(']\n')
  return text === '\n\n' || (format === 'csv' && totalBytes === 1 && text === '\n')
}
