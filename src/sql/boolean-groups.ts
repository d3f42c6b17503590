// node-sql-parser gives AND and OR the same precedence, in all its dialects (5.4.0): `a OR b AND c` becomes
// `(a OR b) AND c`. So every run of ANDs beside an OR gets brackets before the parser sees it. In a list it reads
// `f(a, b AND c)` as `f((a, b) AND c)`: there each element with an AND or OR gets brackets of its own. And it takes NOT before
// a bracket for a call that ends with it.

export interface Piece {
  readonly text: string
  readonly kind: 'and' | 'or' | 'boundary' | 'other'
}

/** The text of pieces in order, with brackets where the parser needs them to see what SQL means. */
export function groupBooleans(pieces: readonly Piece[], isList: boolean): string {
  const texts: string[] = []
  let from = 0
  for (let at = 0; at <= pieces.length; at += 1) {
    if (at < pieces.length && pieces[at]?.kind !== 'boundary') continue
    texts.push(...bracketed(pieces.slice(from, at), isList))
    const boundary = pieces[at]
    if (boundary !== undefined) texts.push(boundary.text)
    from = at + 1
  }
  return texts.filter((text) => text !== '').join(' ')
}

function bracketed(ofText: readonly Piece[], isList: boolean): string[] {
  const run = negated(ofText)
  const texts = run.map(({ text }) => text)
  const hasAnd = run.some(({ kind }) => kind === 'and')
  const hasOr = run.some(({ kind }) => kind === 'or')
  const inner = hasAnd && hasOr ? alternatives(run, texts) : texts
  return isList && (hasAnd || hasOr) ? ['(', ...inner, ')'] : inner
}

function alternatives(run: readonly Piece[], texts: readonly string[]): string[] {
  const out: string[] = []
  let from = 0
  for (let at = 0; at <= run.length; at += 1) {
    if (at < run.length && run[at]?.kind !== 'or') continue
    const part = texts.slice(from, at)
    out.push(...(run.slice(from, at).some(({ kind }) => kind === 'and') ? ['(', ...part, ')'] : part))
    if (at < run.length) out.push('OR')
    from = at + 1
  }
  return out
}

const OPERATOR = /^(?:[=<>+\-*/%|]|(?:IS|IN|NOT|LIKE|BETWEEN)\b)/

// `NOT (a) = b` is a call of NOT to the parser, compared with b: what NOT stands before gets brackets of its own.
function negated(run: readonly Piece[]): readonly Piece[] {
  const out: Piece[] = []
  let isNegated = false
  for (let at = 0; at < run.length; at += 1) {
    const piece = run[at]
    if (piece === undefined) break
    const isCall = isNegated && piece.text.startsWith('(') && OPERATOR.test(run[at + 1]?.text ?? '')
    isNegated = piece.text === 'NOT' && (isNegated || at === 0 || run[at - 1]?.kind !== 'other')
    if (!isCall) {
      out.push(piece)
      continue
    }
    const found = run.findIndex(({ kind }, index) => index > at && kind !== 'other')
    const end = found < 0 ? run.length : found
    const texts = run.slice(at, end).map(({ text }) => text)
    out.push({ text: `(${texts.join(' ')})`, kind: 'other' })
    at = end - 1
  }
  return out
}
