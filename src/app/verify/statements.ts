// The statements of a file: SQL separated by `;` at line ends, or one JSON body of /druid/v2/sql a line.
import { OvateError } from '../../errors.ts'
import { readSqlBody } from '../../http/sql-body.ts'
import { type Query } from '../../plan/query.ts'
import { analyse } from '../../sql/analyse.ts'
import { lex } from '../../sql/lexer.ts'

export interface Statement {
  /** Its place in the file, from 1. */
  readonly number: number
  readonly sql: string
  /** Its answer depends on the moment, which it does not name itself. */
  readonly usesNow: boolean
  /** The request's body; `now` (ISO) is what the statement shall take for now. */
  body(now: string | undefined): string
}

const NOW_KEY = 'sqlCurrentTimestamp'
/** An id names one query: it can't be sent to two. */
const DROPPED = new Set(['queryId', 'sqlQueryId'])
const SEPARATOR = /;[ \t]*(?:\r?\n|$)/y
const COMMENTS = /--[^\n]*|\/\*[^]*?\*\//g
const SQL_MAX = 1_000_000
const DEPTH_MAX = 500

/**
 * Numbers in bodies stay the text that they are.
 * @throws OvateError OVATE_CONFIG for a file without statements, lines that can't be read, and statements that write.
 */
export function readStatements(text: string): readonly Statement[] {
  const queries = text.trimStart().startsWith('{') ? bodies(text) : plain(text)
  if (queries.length === 0) throw mistake('the file has no statement')
  return queries.map((query, index) => statement(query, index + 1))
}

function plain(text: string): readonly Query[] {
  return pieces(text)
    .map((sql) => sql.trim())
    .filter((sql) => sql.replaceAll(COMMENTS, '').trim() !== '')
    .map((sql) => ({ sql, parameters: '', extras: new Map(), context: new Map() }))
}

// Where the lexer reads none of the text, nothing tells literals and comments from what is round them.
function pieces(text: string): readonly string[] {
  const places = lex(text)?.map(({ start }) => start) ?? [...text.matchAll(/;/g)].map(({ index }) => index)
  const found: string[] = []
  let from = 0
  for (const at of places) {
    SEPARATOR.lastIndex = at
    if (!SEPARATOR.test(text)) continue
    found.push(text.slice(from, at))
    from = SEPARATOR.lastIndex
  }
  return [...found, text.slice(from)]
}

function bodies(text: string): readonly Query[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const reading = readSqlBody(Buffer.from(line))
    if (reading.kind === 'read') return [reading.body.query]
    const why = reading.kind === 'no-json' ? reading.message : 'a field of it is not what Druid expects'
    throw mistake(`line ${index + 1} is no body of /druid/v2/sql: ${why}`)
  })
}

function statement(query: Query, number: number): Statement {
  const analysis = analyse(query.sql, { timeZone: undefined, maxLength: SQL_MAX, maxDepth: DEPTH_MAX })
  const facts = analysis.kind === 'facts' ? analysis.facts : undefined
  const writes = facts === undefined ? /^\s*(?:INSERT|REPLACE)\b/i.test(query.sql) : facts.kind === 'dml'
  if (writes) throw mistake(`statement ${number} writes: only reads are asked twice`)
  const names = facts === undefined ? NOW_WORDS.test(query.sql) : facts.now.kind === 'used'
  return {
    number,
    sql: query.sql,
    usesNow: names && !query.context.has(NOW_KEY),
    body: (now) => bodyText(query, now),
  }
}

const NOW_WORDS = /\b(?:CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME|LOCALTIMESTAMP|LOCALTIME)\b/i

/** Asks for the form in which cells keep their text, with all that is known of each column. */
function bodyText({ sql, parameters, extras, context }: Query, now: string | undefined): string {
  const keys = [...context].filter(([name]) => !DROPPED.has(name))
  const pinned = now === undefined ? keys : [...keys, [NOW_KEY, JSON.stringify(now)] as const]
  const fields: (readonly [string, string])[] = [
    ['query', JSON.stringify(sql)],
    ['resultFormat', '"array"'],
    ['header', 'true'],
    ['typesHeader', 'true'],
    ['sqlTypesHeader', 'true'],
    ...extras,
    ...(pinned.length === 0 ? [] : [['context', objectText(pinned)] as const]),
    ...(parameters === '' ? [] : [['parameters', parameters] as const]),
  ]
  return objectText(fields)
}

function objectText(fields: readonly (readonly [string, string])[]): string {
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`
}

function mistake(message: string): OvateError {
  return new OvateError('OVATE_CONFIG', message)
}
