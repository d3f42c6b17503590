// Splits SQL text into tokens by the rules of Calcite's parser as Druid sets it up (identifiers in double quotes, case
// kept, no backslash escapes). Offsets point into the text, so a caller can replace parts of the original.

type TokenKind = 'identifier' | 'quoted' | 'string' | 'number' | 'operator' | 'parameter' | 'hint'

/** One token: `text` is `sql.slice(start, end)`, `value` what it stands for (quotes taken off, escapes resolved). */
export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly value: string
  readonly start: number
  readonly end: number
}

// LETTER and DIGIT of Calcite's Parser.jj. No surrogates: a character beyond U+FFFF needs quotes.
const LETTER =
  '$_A-Za-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u1fff\\u3040-\\u318f\\u3300-\\u337f\\u3400-\\u3d2d\\u4e00-\\u9fff\\uf900-\\ufaff'
const DIGIT = '0-9\\u0660-\\u0669\\u06f0-\\u06f9\\u0966-\\u096f'
const BLANKS = /[ \t\n\r\f]+/y
const LINE = /[^\n\r]*/y
const WORD = new RegExp(`[${LETTER}][${LETTER}${DIGIT}]*`, 'y')
const NUMBER = /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y
const OPERATOR = /<>|!=|<=|>=|\|\||=>|->|\.\.|::|[()[\]{};.,=<>:+\-*/%|^&~!]/y
// LBRACE_D and its like: `{ d '2020-01-01'}` opens an escape, with a line break or a comment for the blank it is refused.
const BRACE = /\{ *[A-Za-z]/y
const UESCAPE = /UESCAPE/iy
const OTHER_THAN_ASCII = /[\u0080-\uffff]/
// Literals in a character set or as bytes (N'…', _latin1'…', X'…', E'…'): rare, and read differently by version.
const PREFIX = /^(?:[nxe]|_.*)$/i

/**
 * As Druid tells words and names of functions: letters of ASCII alone. JavaScript makes `S` of `ſ`, `I` of `ı` and `SS` of
 * `ß` (`No match found for function signature ſum`). Names of functions are put into lower case, so that the Kelvin sign,
 * which only a quoted name can have, is a `k`: `"LOO\u212aUP"` looks up (33.0.0).
 */
export function upperCase(text: string): string {
  if (!OTHER_THAN_ASCII.test(text)) return text.toUpperCase()
  return text.replaceAll('\u212a', 'K').replaceAll(/[a-z]+/g, (word) => word.toUpperCase())
}

/**
 * The tokens of a statement in order, without white space and comments; `undefined` when Calcite's lexer would refuse
 * the text or could read it another way: something unterminated, an odd character, a prefixed literal other than U&.
 * Never throws. A hint comment is a token of its own, because it can change what is computed.
 */
export function lex(text: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  let at = skip(text, 0)
  while (at < text.length) {
    const token = at < 0 ? undefined : readToken(text, at)
    if (token === undefined) return undefined
    tokens.push(token)
    at = skip(text, token.end)
  }
  return at < 0 ? undefined : tokens
}

/** Where the next token starts, or -1 when a comment has no end. */
function skip(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    const next = text.charCodeAt(at + 1)
    if (code === 32 || (code >= 9 && code <= 13 && code !== 11)) at = match(BLANKS, text, at)
    else if (code === 47 && next === 42 && text[at + 2] !== '+') at = endOfComment(text, at)
    else if ((code === 45 && next === 45) || (code === 47 && next === 47)) at = match(LINE, text, at)
    else return at
    if (at < 0) return at
  }
}

// Parser.jj opens a comment by `/*` or by `/**` and one more character that is no slash: so `/***/` is still open.
function endOfComment(text: string, at: number): number {
  const formal = text[at + 2] === '*' && text[at + 3] !== '/'
  const end = text.indexOf('*/', at + (formal ? 4 : 2))
  return end < 0 ? -1 : end + 2
}

function readToken(text: string, at: number): Token | undefined {
  const first = text[at] ?? ''
  if (first === "'") return readString(text, at, at)
  if (first === '"') return readQuoted(text, at, at)
  if (first === '?') return make('parameter', text, at, at + 1)
  if ((first === 'U' || first === 'u') && text[at + 1] === '&') {
    if (text[at + 2] === "'") return readString(text, at, at + 2)
    if (text[at + 2] === '"') return readQuoted(text, at, at + 2)
  }
  if (first === '/' && text[at + 1] === '*') return readHint(text, at)
  // COMMENT_END of Parser.jj, a token of its own: `COUNT(*/* all */)` is refused (33.0.0).
  if (first === '*' && text[at + 1] === '/') return undefined
  if (first === '{' && match(BRACE, text, at) < 0) return undefined
  return (
    readWord(text, at) ??
    readPattern('number', NUMBER, text, at) ??
    readPattern('operator', OPERATOR, text, at)
  )
}

function readWord(text: string, at: number): Token | undefined {
  const token = readPattern('identifier', WORD, text, at)
  if (token === undefined || text[token.end] !== "'") return token
  return PREFIX.test(token.text) ? undefined : token
}

function readPattern(kind: TokenKind, pattern: RegExp, text: string, at: number): Token | undefined {
  const end = match(pattern, text, at)
  return end < 0 ? undefined : make(kind, text, at, end)
}

function readHint(text: string, at: number): Token | undefined {
  const end = text.indexOf('*/', at + 3)
  return end < 0 ? undefined : make('hint', text, at, end + 2)
}

function readString(text: string, start: number, open: number): Token | undefined {
  const close = closing(text, open, "'")
  if (close < 0) return undefined
  const value = text.slice(open + 1, close - 1).replaceAll("''", "'")
  return open === start
    ? make('string', text, start, close, value)
    : unescaped('string', text, start, close, value)
}

// QUOTED_IDENTIFIER holds at least one character and no line break.
function readQuoted(text: string, start: number, open: number): Token | undefined {
  const close = closing(text, open, '"')
  if (close < 0 || close === open + 2) return undefined
  const value = text.slice(open + 1, close - 1).replaceAll('""', '"')
  if (/[\n\r]/.test(value)) return undefined
  return open === start
    ? make('quoted', text, start, close, value)
    : unescaped('quoted', text, start, close, value)
}

/** The offset after the closing quote, a doubled quote being none; -1 when there is none. */
function closing(text: string, open: number, quote: string): number {
  let at = open
  do {
    at = text.indexOf(quote, at + 1)
    if (at < 0) return -1
    if (text[at + 1] !== quote) return at + 1
    at += 1
  } while (at < text.length)
  return -1
}

// U&'…' with `\xxxx` and `\\`; `UESCAPE 'c'` behind it belongs to the literal and names another escape character.
function unescaped(
  kind: 'string' | 'quoted',
  text: string,
  start: number,
  close: number,
  raw: string,
): Token | undefined {
  const word = match(UESCAPE, text, Math.max(close, skip(text, close)))
  const at = word < 0 ? -1 : skip(text, word)
  const named = at >= 0 && text[at] === "'" && text[at + 2] === "'"
  const escape = named ? (text[at + 1] ?? '') : '\\'
  if ((word >= 0 && !named) || /[0-9A-Fa-f+'" ]/.test(escape)) return undefined
  const value = resolveEscapes(raw, escape)
  return value === undefined ? undefined : make(kind, text, start, named ? at + 3 : close, value)
}

function resolveEscapes(raw: string, escape: string): string | undefined {
  let value = ''
  for (let at = 0; at < raw.length; at += 1) {
    if (raw[at] !== escape) {
      value += raw[at]
    } else if (raw[at + 1] === escape) {
      value += escape
      at += 1
    } else {
      const hex = raw.slice(at + 1, at + 5)
      if (!/^[0-9A-Fa-f]{4}$/.test(hex)) return undefined
      value += String.fromCharCode(Number.parseInt(hex, 16))
      at += 4
    }
  }
  return value
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : -1
}

function make(kind: TokenKind, text: string, start: number, end: number, value?: string): Token {
  const own = text.slice(start, end)
  return { kind, text: own, value: value ?? own, start, end }
}
