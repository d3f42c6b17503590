// A strict scanner of JSON objects over bytes (RFC 8259): where each member lies, so that its text can be kept or replaced
// without a parse in between. Numbers stay the text they are.

type JsonKind = 'string' | 'number' | 'true' | 'false' | 'null' | 'object' | 'array'

export interface JsonMember {
  readonly key: string
  /** Offset of the key's opening quote. */
  readonly keyStart: number
  readonly valueStart: number
  readonly valueEnd: number
  readonly kind: JsonKind
}

export type JsonScan =
  /** `end`: offset after the closing brace. Members of one name stand there as often as they came. */
  | { readonly ok: true; readonly members: readonly JsonMember[]; readonly end: number }
  | { readonly ok: false; readonly message: string }

type JsonVisit =
  | { readonly ok: true; readonly end: number }
  | { readonly ok: false; readonly message: string }

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const SPACE = 0x20

/** A member takes some seventy bytes beside its text: 16 MiB of `"a":1,` would be seven seconds and a gigabyte. */
const MEMBERS_MAX = 10_000

/**
 * Scans the object that begins at `start` (white space before it allowed), nested at most `depthMax` deep; it may have
 * 10,000 members itself, and objects inside it any number. Never throws.
 */
export function scanJsonObject(bytes: Buffer, start: number, depthMax: number): JsonScan {
  const members: JsonMember[] = []
  const scan = visitJsonObject(bytes, start, depthMax, (member) => {
    if (members.length === MEMBERS_MAX)
      throw new Mistake(
        `the body is not a JSON object: expected no more than ${MEMBERS_MAX} members in one object at byte ${member.keyStart}`,
      )
    members.push(member)
  })
  return scan.ok ? { ...scan, members } : scan
}

/** As `scanJsonObject`, but tells each member when it has been read, and keeps none. */
export function visitJsonObject(
  bytes: Buffer,
  start: number,
  depthMax: number,
  visit: (member: JsonMember) => void,
): JsonVisit {
  const scanner = new Scanner(bytes, depthMax)
  try {
    return { ok: true, end: scanner.visit(scanner.blank(start), visit) }
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, message: error.message }
    throw error
  }
}

class Mistake extends Error {}

class Scanner {
  readonly #bytes: Buffer
  readonly #depthMax: number

  constructor(bytes: Buffer, depthMax: number) {
    this.#bytes = bytes
    this.#depthMax = depthMax
  }

  /** The offset after the closing brace. */
  visit(start: number, visit: (member: JsonMember) => void): number {
    this.#expect(start, OPEN_OBJECT, 'an object')
    let at = this.blank(start + 1)
    if (this.#bytes[at] === CLOSE_OBJECT) return at + 1
    for (;;) {
      const keyStart = at
      const keyEnd = this.#string(at)
      const valueStart = this.#colon(keyEnd)
      const valueEnd = this.#value(valueStart)
      const key = JSON.parse(this.#bytes.toString('utf8', keyStart, keyEnd)) as string
      visit({ key, keyStart, valueStart, valueEnd, kind: this.#kindAt(valueStart) })
      at = this.blank(valueEnd)
      if (this.#bytes[at] === CLOSE_OBJECT) return at + 1
      this.#expect(at, COMMA, "',' or '}' after a value")
      at = this.blank(at + 1)
    }
  }

  blank(at: number): number {
    let i = at
    for (;;) {
      const byte = this.#bytes[i]
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return i
      i += 1
    }
  }

  // By a list of what is open, not by recursion: a body may nest deeper than the stack is.
  #value(start: number): number {
    const open: number[] = []
    let at = start
    do {
      const byte = this.#bytes[at] ?? 0
      if (byte !== OPEN_OBJECT && byte !== OPEN_ARRAY) at = this.#behind(this.#scalar(at), open)
      else {
        open.push(byte)
        this.#checkDepth(at, open.length + 1)
        at = this.blank(at + 1)
        if (this.#bytes[at] === closing(byte)) at = this.#behind(at, open)
        else if (byte === OPEN_OBJECT) at = this.#colon(this.#string(at))
      }
    } while (open.length > 0)
    return at
  }

  /** Closes what ends at `from`, and goes on to the next value where there is one. */
  #behind(from: number, open: number[]): number {
    let at = from
    for (;;) {
      const container = open.at(-1)
      if (container === undefined) return at
      at = this.blank(at)
      if (this.#bytes[at] === closing(container)) {
        open.pop()
        at += 1
        continue
      }
      this.#expect(at, COMMA, `',' or '${String.fromCharCode(closing(container))}' after a value`)
      at = this.blank(at + 1)
      return container === OPEN_OBJECT ? this.#colon(this.#string(at)) : at
    }
  }

  /** The start of the value whose name ended. */
  #colon(keyEnd: number): number {
    const colon = this.blank(keyEnd)
    this.#expect(colon, COLON, "':' after a name")
    return this.blank(colon + 1)
  }

  #scalar(at: number): number {
    switch (this.#bytes[at]) {
      case QUOTE:
        return this.#string(at)
      case 0x74:
        return this.#word(at, 'true')
      case 0x66:
        return this.#word(at, 'false')
      case 0x6e:
        return this.#word(at, 'null')
      case undefined:
      default:
        return this.#number(at)
    }
  }

  #kindAt(at: number): JsonKind {
    const kinds: Record<number, JsonKind> = {
      [QUOTE]: 'string',
      [OPEN_OBJECT]: 'object',
      [OPEN_ARRAY]: 'array',
      0x74: 'true',
      0x66: 'false',
      0x6e: 'null',
    }
    return kinds[this.#bytes[at] ?? 0] ?? 'number'
  }

  #string(start: number): number {
    this.#expect(start, QUOTE, 'a string')
    let i = start + 1
    for (;;) {
      const byte = this.#bytes[i]
      if (byte === undefined) throw this.#mistake(i, 'the end of a string')
      if (byte === QUOTE) return i + 1
      if (byte < SPACE) throw this.#mistake(i, 'no control character in a string')
      i = byte === BACKSLASH ? this.#escape(i + 1) : i + 1
    }
  }

  #escape(at: number): number {
    const byte = this.#bytes[at] ?? 0
    if (byte === 0x75) {
      for (let i = at + 1; i <= at + 4; i += 1) {
        if (!isHex(this.#bytes[i] ?? 0)) throw this.#mistake(i, 'four hexadecimal digits after \\u')
      }
      return at + 5
    }
    if (!ESCAPES.has(byte)) throw this.#mistake(at, 'an escape that JSON knows')
    return at + 1
  }

  #word(at: number, word: string): number {
    if (this.#bytes.toString('latin1', at, at + word.length) !== word) throw this.#mistake(at, 'a value')
    return at + word.length
  }

  #number(start: number): number {
    let i = this.#bytes[start] === 0x2d ? start + 1 : start
    if (this.#bytes[i] === 0x30) i += 1
    else i = this.#digits(i, start)
    if (this.#bytes[i] === 0x2e) i = this.#digits(i + 1, start)
    if (this.#bytes[i] === 0x65 || this.#bytes[i] === 0x45) {
      const sign = this.#bytes[i + 1]
      i = this.#digits(sign === 0x2b || sign === 0x2d ? i + 2 : i + 1, start)
    }
    return i
  }

  #digits(at: number, start: number): number {
    let i = at
    while (isDigit(this.#bytes[i] ?? 0)) i += 1
    if (i === at) throw this.#mistake(start, 'a value')
    return i
  }

  #checkDepth(at: number, depth: number): void {
    if (depth > this.#depthMax) throw this.#mistake(at, `no more than ${this.#depthMax} levels`)
  }

  #expect(at: number, byte: number, what: string): void {
    if (this.#bytes[at] !== byte) throw this.#mistake(at, what)
  }

  #mistake(at: number, expected: string): Mistake {
    const found = at >= this.#bytes.length ? 'the end of the body' : `byte ${at}`
    return new Mistake(`the body is not a JSON object: expected ${expected} at ${found}`)
  }
}

/** `}` and `]` stand two behind `{` and `[` in ASCII. */
function closing(open: number): number {
  return open + 2
}

const ESCAPES = new Set([QUOTE, BACKSLASH, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74])

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}
