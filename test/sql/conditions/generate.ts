// Random conditions, written as loosely as people and tools write them, each with the tree that it means.
import { type Random } from '../../cluster/random.ts'
import { flat, type Tree } from './tree.ts'
import { Pen } from './pen.ts'

export interface Condition {
  readonly text: string
  readonly tree: Tree
}

/** How tightly a text holds together: what is looser than its place needs brackets there. */
const [OR, AND, NOT, COMPARISON, SUM, PRODUCT, ATOM] = [1, 2, 3, 4, 5, 6, 7] as const

interface Written extends Condition {
  readonly strength: number
}

/** A condition of WHERE; up to `depth` levels of AND, OR and NOT. */
export function randomCondition(random: Random, depth: number): Condition {
  return new Writer(random).condition(depth)
}

type Write = (writer: Writer) => Written

class Writer {
  readonly random: Random
  readonly pen: Pen

  constructor(random: Random) {
    this.random = random
    this.pen = new Pen(random)
  }

  condition(depth: number): Written {
    const luck = this.random.next()
    if (depth === 0 || luck < 0.2) return this.random.pick(COMPARISONS)(this)
    if (luck < 0.35) return this.#not(depth - 1)
    return luck < 0.68 ? this.#run('AND', AND, depth - 1) : this.#run('OR', OR, depth - 1)
  }

  /** What is compared: now and then with arithmetic, calls and CASE in it. */
  value(depth = 1): Written {
    return depth === 0 || this.random.next() < 0.6
      ? this.random.pick(ATOMS)(this)
      : this.random.pick(COMPOUNDS)(this, depth - 1)
  }

  column(): Written {
    return this.random.pick(COLUMNS)(this)
  }

  /** In brackets where it must be, and sometimes where it need not. */
  held({ text, strength }: Written, needed: number): string {
    const isBracketed = strength < needed || this.random.next() < 0.08
    if (!isBracketed) return text
    const inner = `(${this.pen.maybe()}${text}${this.pen.maybe()})`
    return this.random.next() < 0.1 ? `(${inner})` : inner
  }

  /** Two sides of an operator, with white space or none round it. */
  infix(left: Written, operator: string, right: Written, strength: number): Written {
    const { pen } = this
    const leftText = this.held(left, strength)
    // `a - -1` must not become a comment, nor `a / *` the end of one.
    const rightText = this.held(right, strength + 1)
    return {
      text: `${leftText}${pen.maybe()}${operator}${pen.gap()}${rightText}`,
      tree: [operator, left.tree, right.tree],
      strength,
    }
  }

  #not(depth: number): Written {
    const inner = this.condition(depth)
    const text = `${this.pen.word('NOT')}${this.pen.gap()}${this.held(inner, NOT)}`
    return { text, tree: ['NOT', inner.tree], strength: NOT }
  }

  #run(operator: 'AND' | 'OR', strength: number, depth: number): Written {
    const parts = Array.from({ length: 2 + this.random.below(2) }, () => this.condition(depth))
    const text = parts
      .map((part) => this.held(part, strength))
      .reduce((left, right) => `${left}${this.pen.gap()}${this.pen.word(operator)}${this.pen.gap()}${right}`)
    return {
      text,
      tree: flat(
        operator,
        parts.map(({ tree }) => tree),
      ),
      strength,
    }
  }
}

const atom = (text: string, tree: Tree): Written => ({ text, tree, strength: ATOM })

const quoted = (text: string): Written => atom(`'${text.replaceAll("'", "''")}'`, `'${text}`)

/** Texts that look like syntax, or like comments. */
const TEXTS = [
  'x',
  '',
  'a AND b OR c',
  "it's",
  ') OR (',
  '-- no comment',
  '/* nor this */',
  '"q"',
  'Ünïcode 東京',
] as const

const NAMES = ['"and"', '"Mixed Case"', '"or"', '"a.b"', '"x -- y"', '"é"'] as const

const COLUMNS: readonly [Write, ...Write[]] = [
  ({ random }) => {
    const name = `c${random.below(100)}`
    return atom(name, `"${name}`)
  },
  ({ random }) => {
    const name = random.pick(NAMES)
    return atom(name, `"${name.slice(1, -1)}`)
  },
  ({ random }) => {
    const name = `c${random.below(100)}`
    return atom(`t.${name}`, `"t.${name}`)
  },
  () => atom('"__time"', '"__time'),
]

const ATOMS: readonly [Write, ...Write[]] = [
  (writer) => writer.column(),
  (writer) => writer.column(),
  ({ random }) => {
    const number = String(random.below(1_000))
    return atom(number, number)
  },
  ({ random }) => {
    const number = `${random.below(10)}.${random.below(1_000)}`
    return atom(number, number)
  },
  ({ random }) => {
    const number = String(1 + random.below(9))
    return atom(`-${number}`, ['-', number])
  },
  ({ random }) => quoted(random.pick(TEXTS)),
  ({ random, pen }) => {
    const [word, text] = random.pick([
      ['TIMESTAMP', '2024-01-01 00:00:00'],
      ['DATE', '2024-01-01'],
    ])
    return atom(`${pen.word(word)}${pen.gap()}'${text}'`, [word, `'${text}`])
  },
  ({ random, pen }) => {
    const constant = random.pick(['TRUE', 'FALSE', 'NULL'])
    return atom(pen.word(constant), constant)
  },
  ({ pen }) => atom(pen.word('CURRENT_TIMESTAMP'), ['CURRENT_TIMESTAMP']),
]

type Compound = (writer: Writer, depth: number) => Written

const call: Compound = (writer, depth) => {
  const { random, pen } = writer
  const name = random.pick(['LOWER', 'COALESCE', 'ABS', 'CONCAT', 'TIME_FLOOR'])
  const args = Array.from({ length: 1 + random.below(3) }, () => writer.value(depth))
  const texts = args.map(({ text }) => `${pen.maybe()}${text}${pen.maybe()}`)
  return atom(`${pen.word(name)}(${texts.join(',')})`, [name, ...args.map(({ tree }) => tree)])
}

/** Calls whose arguments have words between them. */
const worded =
  (name: string, write: (words: Pen, inner: string) => string, treeOf: (inner: Tree) => Tree[]): Compound =>
  (writer, depth) => {
    const { text, tree } = writer.value(depth)
    return atom(`${writer.pen.word(name)}(${write(writer.pen, text)})`, [name, ...treeOf(tree)])
  }

const chosen: Compound = (writer, depth) => {
  const { random, pen } = writer
  const spaced = (...words: readonly string[]): string => words.join(pen.gap())
  const subject = random.next() < 0.3 ? writer.value(depth) : undefined
  const branches = Array.from({ length: 1 + random.below(2) }, () => ({
    when: subject === undefined ? writer.condition(1) : writer.value(depth),
    result: writer.value(depth),
  }))
  const otherwise = random.next() < 0.7 ? writer.value(depth) : undefined
  const text = spaced(
    pen.word('CASE'),
    ...(subject === undefined ? [] : [subject.text]),
    ...branches.flatMap(({ when, result }) => [
      pen.word('WHEN'),
      when.text,
      pen.word('THEN'),
      writer.held(result, SUM),
    ]),
    ...(otherwise === undefined ? [] : [pen.word('ELSE'), otherwise.text]),
    pen.word('END'),
  )
  const parts = [subject, ...branches.flatMap(({ when, result }) => [when, result]), otherwise].filter(
    (part) => part !== undefined,
  )
  return atom(text, [subject === undefined ? 'CASE' : 'CASE OF', ...parts.map(({ tree }) => tree)])
}

const COMPOUNDS: readonly [Compound, ...Compound[]] = [
  (writer, depth) =>
    writer.infix(writer.value(depth), writer.random.pick(['+', '-']), writer.value(depth), SUM),
  (writer, depth) =>
    writer.infix(writer.value(depth), writer.random.pick(['*', '/']), writer.value(depth), PRODUCT),
  // Its place among the others differs between the two readers' sources: always in brackets.
  (writer, depth) => {
    const { text, tree } = writer.infix(writer.value(depth), '||', writer.value(depth), ATOM)
    return atom(`(${text})`, tree)
  },
  call,
  call,
  chosen,
  worded(
    'CAST',
    (pen, inner) => `${inner}${pen.gap()}${pen.word('AS')}${pen.gap()}${pen.word('BIGINT')}`,
    (inner) => [inner, 'BIGINT'],
  ),
  worded(
    'FLOOR',
    (pen, inner) => `${inner}${pen.gap()}${pen.word('TO')}${pen.gap()}${pen.word('DAY')}`,
    (inner) => [inner, 'DAY'],
  ),
  worded(
    'EXTRACT',
    (pen, inner) => `${pen.word('DAY')}${pen.gap()}${pen.word('FROM')}${pen.gap()}${inner}`,
    (inner) => ['DAY', inner],
  ),
  worded(
    'TRIM',
    (pen, inner) => `${pen.word('BOTH')}${pen.gap()}'x'${pen.gap()}${pen.word('FROM')}${pen.gap()}${inner}`,
    (inner) => ['BOTH', "'x", inner],
  ),
]

const comparison = (text: string, tree: Tree): Written => ({ text, tree, strength: COMPARISON })

/** An operator of words behind a value, which may have NOT in it. */
function behind(writer: Writer, left: Written, words: readonly string[], rest: string): string {
  const { pen } = writer
  return [writer.held(left, SUM), ...words.map((word) => pen.word(word)), rest].join(pen.gap())
}

function maybeNot(writer: Writer): readonly string[] {
  return writer.random.next() < 0.4 ? ['NOT'] : []
}

const compared: Write = (writer) => {
  const operator = writer.random.pick(['=', '<>', '<', '<=', '>', '>='])
  return { ...writer.infix(writer.value(), operator, writer.value(), COMPARISON + 0.5), strength: COMPARISON }
}

const between: Write = (writer) => {
  const { pen } = writer
  const [left, low, high] = [writer.value(), writer.value(), writer.value()]
  const not = maybeNot(writer)
  const bounds = [writer.held(low, SUM), pen.word('AND'), writer.held(high, SUM)].join(pen.gap())
  const words = [...not, 'BETWEEN']
  return comparison(behind(writer, left, words, bounds), [words.join(' '), left.tree, low.tree, high.tree])
}

const among: Write = (writer) => {
  const { random, pen } = writer
  const left = writer.value()
  const isPlain = random.next() < 0.6
  const items = Array.from({ length: 1 + random.below(4) }, () =>
    isPlain ? quoted(random.pick(TEXTS)) : writer.value(),
  )
  const words = [...maybeNot(writer), 'IN']
  const list = `(${items.map(({ text }) => `${pen.maybe()}${text}${pen.maybe()}`).join(',')})`
  return comparison(behind(writer, left, words, list), [
    words.join(' '),
    left.tree,
    ['list', ...items.map(({ tree }) => tree)],
  ])
}

const like: Write = (writer) => {
  const { random, pen } = writer
  const left = writer.value()
  const words = [...maybeNot(writer), 'LIKE']
  const pattern = quoted(random.pick(['x%', '%a!_b%', '_']))
  const isEscaped = random.next() < 0.4
  const escape = isEscaped ? `${pen.gap()}${pen.word('ESCAPE')}${pen.gap()}'!'` : ''
  return comparison(behind(writer, left, words, pattern.text + escape), [
    words.join(' '),
    left.tree,
    pattern.tree,
    ...(isEscaped ? ["'!"] : []),
  ])
}

const is: Write = (writer) => {
  const left = writer.value()
  const words = ['IS', ...maybeNot(writer)]
  const constant = writer.random.pick(['NULL', 'NULL', 'TRUE', 'FALSE'])
  return comparison(behind(writer, left, words, writer.pen.word(constant)), [
    words.join(' '),
    left.tree,
    constant,
  ])
}

const COMPARISONS: readonly [Write, ...Write[]] = [
  compared,
  compared,
  compared,
  between,
  between,
  among,
  like,
  is,
  (writer) => writer.random.pick(COLUMNS)(writer),
]
