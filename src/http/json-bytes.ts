// The bytes of a JSON text as UTF-8, whatever Jackson would have taken them for.
import { isUtf8 } from 'node:buffer'

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'utf-32le' | 'utf-32be'

const MARKS: readonly (readonly [Encoding, Buffer])[] = [
  ['utf-32be', Buffer.from([0x00, 0x00, 0xfe, 0xff])],
  ['utf-32le', Buffer.from([0xff, 0xfe, 0x00, 0x00])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])],
]
const POINTS_AT_ONCE = 8_192
/** Half a character, which an escape (`\ud800`) can say, and no UTF-8. */
export const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/**
 * The text as UTF-8 without a byte order mark; undefined when it is none. Jackson finds the encoding by a mark, or by the
 * zeros round the first character, and takes no notice of any charset (`ByteSourceJsonBootstrapper`, Druid 33.0.0). It also
 * reads some sequences that are no UTF-8 (overlong ones, surrogates): such a text could hide a name from Ovate.
 */
export function utf8Of(bytes: Buffer): Buffer | undefined {
  const [encoding, mark] = MARKS.find(([, start]) => bytes.subarray(0, start.length).equals(start)) ?? [
    byZeros(bytes),
    Buffer.alloc(0),
  ]
  const text = bytes.subarray(mark.length)
  if (encoding === 'utf-8') return isUtf8(text) ? text : undefined
  try {
    return Buffer.from(
      encoding === 'utf-32le' || encoding === 'utf-32be'
        ? fromPoints(text, encoding)
        : new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(text),
    )
  } catch {
    return undefined
  }
}

function byZeros(bytes: Buffer): Encoding {
  const [zero, one, two, three] = [0, 1, 2, 3].map((at) => bytes[at] === 0)
  if (zero === true && one === true && two === true) return 'utf-32be'
  if (one === true && two === true && three === true) return 'utf-32le'
  if (zero === true) return 'utf-16be'
  return one === true ? 'utf-16le' : 'utf-8'
}

// Throws RangeError for what is no character.
function fromPoints(bytes: Buffer, encoding: 'utf-32le' | 'utf-32be'): string {
  if (bytes.length % 4 !== 0) throw new RangeError('a character is cut')
  const read = (at: number): number =>
    encoding === 'utf-32le' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  let text = ''
  for (let from = 0; from < bytes.length; from += POINTS_AT_ONCE * 4) {
    const count = Math.min(POINTS_AT_ONCE, (bytes.length - from) / 4)
    text += String.fromCodePoint(...Array.from({ length: count }, (_, index) => read(from + index * 4)))
  }
  return text
}
