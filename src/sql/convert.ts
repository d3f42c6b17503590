// node-sql-parser's tree, which has no reliable types, into ours. Whatever isn't known here makes the text not understood.
import { NotUnderstood } from './view.ts'
import {
  type Column,
  type Expression,
  type OrderTerm,
  type QueryTree,
  type SelectTree,
  type Source,
} from './tree.ts'

type Node = Readonly<Record<string, unknown>>

const SELECT_KEYS = new Set(
  (
    'with type options distinct columns into from where groupby having orderby limit locking_read window collate ' +
    '_next set_op _orderby _limit parentheses_symbol parentheses tableList columnList top qualify for'
  ).split(' '),
)
const PLACEHOLDER = /^[si]([0-9]+)$/
const CALL = /^(fn|now)([0-9]+)$/
const CONSTANTS: Readonly<Record<string, string>> = { true: 'TRUE', false: 'FALSE' }

/** Converts what node-sql-parser made of a normalised query. Throws NotUnderstood for any node that isn't known. */
export function convertQuery(parsed: unknown): QueryTree {
  const whole = node(Array.isArray(parsed) && parsed.length === 1 ? parsed[0] : parsed)
  const first = 'ast' in whole ? node(whole['ast']) : whole
  const selects: SelectTree[] = []
  let part: Node | undefined = first
  while (part !== undefined) {
    selects.push(convertSelect(part))
    const next: unknown = part['_next']
    part = next === undefined || next === null ? undefined : node(next)
    if (part !== undefined && list(part['with']).length > 0) throw new NotUnderstood('with inside a union')
  }
  const withs = list(first['with']).map((item) => ({
    at: placeholder(node(node(item)['name'])['value']),
    query: convertQuery(node(item)['stmt']),
  }))
  return { withs, selects }
}

function convertSelect(select: Node): SelectTree {
  if (select['type'] !== 'select') throw new NotUnderstood('statement')
  for (const key of Object.keys(select)) {
    if (!SELECT_KEYS.has(key) && select[key] !== null && select[key] !== undefined)
      throw new NotUnderstood(key)
  }
  const columns = list(select['columns']).map(convertColumn)
  const from = list(select['from']).map((item) => node(item))
  const conditions = from.flatMap((item) => [...absentOr(item['on']), ...fromUsing(item['using'])])
  const groupBy =
    select['groupby'] === null ? [] : list(node(select['groupby'] ?? {})['columns']).map(convert)
  const orderBy = [...list(select['orderby']), ...list(select['_orderby'])].map(convertOrder)
  const [where] = absentOr(select['where'])
  const inner: Expression[] = []
  const sources = from.map((item) => convertSource(item, inner))
  return {
    columns,
    sources,
    where,
    conditions: [...inner, ...conditions],
    groupBy,
    having: absentOr(select['having'])[0],
    orderBy,
    distinct: isPresent(node(select['distinct'] ?? {})['type']),
    limited: [select['limit'], select['_limit']].some(
      (limit) => isPresent(limit) && list(node(limit)['value']).length > 0,
    ),
  }
}

function convertOrder(item: unknown): OrderTerm {
  const { expr, type } = node(item)
  return { value: convert(expr), descending: type === 'DESC' }
}

function convertColumn(item: unknown): Column {
  const { expr, as } = node(item)
  return { value: convert(expr), alias: aliasOf(as) }
}

function convertSource(item: Node, conditions: Expression[]): Source {
  const alias = aliasOf(item['as'])
  if (typeof item['table'] === 'string') return { kind: 'table', at: placeholder(item['table']), alias }
  const inner = node(item['expr'])
  if ('ast' in inner) return { kind: 'query', query: convertQuery(inner), alias }
  if (inner['type'] === 'tables') {
    const items = list(inner['expr']).map((part) => node(part))
    conditions.push(...items.flatMap((part) => [...absentOr(part['on']), ...fromUsing(part['using'])]))
    return { kind: 'join', sources: items.map((part) => convertSource(part, conditions)) }
  }
  const call = convert(inner)
  if (call.kind !== 'call') throw new NotUnderstood('source')
  return { kind: 'call', call, alias }
}

function fromUsing(using: unknown): Expression[] {
  return list(using).map((item) => ({
    kind: 'name',
    at: placeholder(nameOf(item)),
  }))
}

function absentOr(expression: unknown): Expression[] {
  return expression === null || expression === undefined ? [] : [convert(expression)]
}

function convert(expression: unknown): Expression {
  const it = node(expression)
  if ('ast' in it) return { kind: 'query', query: convertQuery(it) }
  switch (it['type']) {
    case 'column_ref':
      return convertColumnRef(it)
    case 'single_quote_string':
      return convertString(it['value'])
    case 'null':
      return { kind: 'constant', value: 'NULL' }
    case 'bool':
      return { kind: 'constant', value: CONSTANTS[String(it['value'])] ?? '' }
    case 'star':
      return { kind: 'star' }
    case 'function':
      return convertCall(it)
    case 'unary_expr':
      return { kind: 'operator', operator: text(it['operator']), parts: [convert(it['expr'])] }
    case 'binary_expr':
      return convertBinary(it)
    case 'expr_list':
      return { kind: 'list', parts: list(it['value']).map(convert) }
    case 'case':
      return {
        kind: 'operator',
        operator: isPresent(it['expr']) ? 'CASE OF' : 'CASE',
        parts: convertCase(it),
      }
    default:
      throw new NotUnderstood(String(it['type']))
  }
}

function convertColumnRef(it: Node): Expression {
  const { column } = it
  if (column === '*')
    return it['table'] === null || it['table'] === undefined
      ? { kind: 'star' }
      : { kind: 'name', at: placeholder(nameOf(it['table'])) }
  if (it['table'] !== null && it['table'] !== undefined) throw new NotUnderstood('path')
  return { kind: 'name', at: placeholder(node(node(column)['expr'])['value']) }
}

function nameOf(name: unknown): unknown {
  return typeof name === 'string' ? name : node(name)['value']
}

function convertString(value: unknown): Expression {
  const string = text(value)
  return string.startsWith('#')
    ? { kind: 'marker', text: string }
    : { kind: 'literal', at: placeholder(string) }
}

function convertCall(it: Node): Expression {
  const names = list(node(it['name'])['name'])
  if (names.length !== 1 || isPresent(it['over']) || isPresent(it['suffix'])) throw new NotUnderstood('call')
  const name = text(node(names[0])['value'])
  const args = it['args']
  const parts = isPresent(args) ? list(node(args)['value']).map(convert) : []
  const found = CALL.exec(name)
  if (found?.[1] === 'now') return { kind: 'now', at: Number(found[2]) }
  if (found !== null) return { kind: 'call', at: Number(found[2]), name, parts }
  const [first] = parts
  if (name === '__interval' && first?.kind === 'literal') return { kind: 'interval', at: first.at }
  if (name === 'NOT' || name === 'EXISTS') return { kind: 'operator', operator: name, parts }
  if (!name.startsWith('__')) throw new NotUnderstood(name)
  return { kind: 'call', at: -1, name, parts }
}

function convertBinary(it: Node): Expression {
  const operator = text(it['operator'])
  if (operator === 'AND' || operator === 'OR') return convertRun(operator, it)
  const right = convert(it['right'])
  // The parser hangs it on the pattern.
  const { escape: behind } = node(it['right'])
  const escape = isPresent(behind) ? [convert(node(behind)['value'])] : []
  const between = operator.endsWith('BETWEEN') && right.kind === 'list' ? right.parts : [right]
  return { kind: 'operator', operator, parts: [convert(it['left']), ...between, ...escape] }
}

/** A run of one operator, which the parser nests to the left, as one node: thousands of conditions are no deep tree. */
function convertRun(operator: string, it: Node): Expression {
  const parts: Expression[] = []
  let left = it
  while (
    left['operator'] === operator &&
    left['type'] === 'binary_expr' &&
    (left === it || left['parentheses'] !== true)
  ) {
    parts.push(convert(left['right']))
    left = node(left['left'])
  }
  parts.push(convert(left))
  return { kind: 'operator', operator, parts: parts.toReversed() }
}

function convertCase(it: Node): Expression[] {
  const branches = list(it['args']).flatMap((branch) => {
    const { cond, result } = node(branch)
    return [...absentOr(cond), convert(result)]
  })
  return [...absentOr(it['expr']), ...branches]
}

function aliasOf(as: unknown): number | undefined {
  return as === null || as === undefined ? undefined : placeholder(as)
}

function placeholder(value: unknown): number {
  const found = PLACEHOLDER.exec(text(value))
  if (found === null) throw new NotUnderstood('placeholder')
  return Number(found[1])
}

function isPresent(value: unknown): boolean {
  return value !== null && value !== undefined
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new NotUnderstood('text')
  return value
}

function list(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return []
  if (!Array.isArray(value)) throw new NotUnderstood('list')
  return value
}

function node(value: unknown): Node {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new NotUnderstood('node')
  return value as Node
}
