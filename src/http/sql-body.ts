// A request's body → what is asked, and the bodies to send on: the client's own bytes with a few tokens replaced.
//
// Only what is understood without doubt is taken apart; anything else is left to Druid, whose own answer or error the
// client then reads. 64-bit numbers in parameters and context stay the text they were.
import { type Query } from '../plan/query.ts'
import { RESULT_FORMATS, type ResultFormat, type WireFormat } from '../result/format.ts'
import { type JsonMember, scanJsonObject } from '../result/json-scan.ts'
import { type RequestBodies } from '../engine/request.ts'
import { IF_NONE_MATCH, withoutIfNoneMatch } from './if-none-match.ts'
import { LONE_SURROGATE, utf8Of } from './json-bytes.ts'

export interface SqlBody {
  readonly query: Query
  readonly wire: WireFormat
  /** `sqlQueryId` as the client gave it. */
  readonly clientId: string | undefined
  /** The bodies for a query of this id. */
  bodies(id: string): RequestBodies
}

export type BodyReading =
  | { readonly kind: 'read'; readonly body: SqlBody }
  /** JSON that isn't understood to the last: Druid decides. `bytes`: what to send it. */
  | { readonly kind: 'unclear'; readonly bytes: Buffer }
  | { readonly kind: 'no-json'; readonly message: string }

/** Druid's own limit is its stack, and fields that it doesn't know may be deeper still. */
const DEPTH_MAX = 100_000
const FORMATS = new Map<string, ResultFormat>(RESULT_FORMATS.map((name) => [name.toLowerCase(), name]))

/** Fields of `SqlQuery` (33.0.0). */
const FIELDS = new Set([
  'query',
  'resultFormat',
  'header',
  'typesHeader',
  'sqlTypesHeader',
  'context',
  'parameters',
])
/** An id that can stand in a header as it is. */
const PLAIN_ID = /^[\x21-\x7E]{1,256}$/

const KEPT_FIELDS: readonly (readonly [string, string])[] = [
  ['resultFormat', '"array"'],
  ['header', 'true'],
  ['typesHeader', 'true'],
  ['sqlTypesHeader', 'true'],
]

/** Context keys that cut an answer to the client's statement, and must not cut parts of it. */
const CUTS: readonly string[] = ['sqlOuterLimit']

type Members = ReadonlyMap<string, JsonMember>

/** Reads the JSON body of `POST /druid/v2/sql` (fields of `SqlQuery`, 33.0.0). */
export function readSqlBody(raw: Buffer): BodyReading {
  const bytes = utf8Of(raw)
  if (bytes === undefined) return { kind: 'no-json', message: 'the body is neither UTF-8 nor UTF-16' }
  const scan = scanJsonObject(bytes, 0, DEPTH_MAX)
  if (!scan.ok) return { kind: 'no-json', message: scan.message }
  const top = restIsBlank(bytes, scan.end) ? byName(scan.members) : undefined
  const body = top === undefined ? undefined : bodyOf(bytes, top)
  if (body !== undefined) return { kind: 'read', body }
  const rest = withoutIfNoneMatch(bytes, scan.members, DEPTH_MAX)
  return rest === undefined
    ? { kind: 'no-json', message: 'the context has more keys than are read' }
    : { kind: 'unclear', bytes: rest }
}

function bodyOf(bytes: Buffer, top: Members): SqlBody | undefined {
  const query = stringOf(bytes, top.get('query'))
  const wire = wireOf(bytes, top)
  const context = contextOf(bytes, top.get('context'))
  if (query === undefined || LONE_SURROGATE.test(query) || wire === undefined || context === undefined)
    return undefined
  const parameters = top.get('parameters')
  if (parameters !== undefined && parameters.kind !== 'array' && parameters.kind !== 'null') return undefined
  const id = context.members.get('sqlQueryId')
  if (id !== undefined && id.kind !== 'null' && !isPlainId(stringOf(bytes, id))) return undefined
  const clientId = stringOf(bytes, id)
  return {
    query: {
      sql: query,
      parameters: parameterText(bytes, parameters),
      extras: tokens(bytes, new Map([...top].filter(([name]) => !FIELDS.has(name)))),
      context: tokens(bytes, context.members),
    },
    wire,
    clientId,
    bodies: (given) => new EditedBodies(bytes, { top, context, id: given, clientId }),
  }
}

function isPlainId(id: string | undefined): boolean {
  return id !== undefined && PLAIN_ID.test(id)
}

interface Context {
  readonly members: Members
  readonly member: JsonMember | undefined
}

class EditedBodies implements RequestBodies {
  readonly #bytes: Buffer
  readonly #top: Members
  readonly #context: Context
  readonly #id: string
  readonly #clientId: string | undefined

  constructor(
    bytes: Buffer,
    parts: { top: Members; context: Context; id: string; clientId: string | undefined },
  ) {
    this.#bytes = bytes
    this.#top = parts.top
    this.#context = parts.context
    this.#id = parts.id
    this.#clientId = parts.clientId
  }

  under(id: string): RequestBodies {
    const [top, context, clientId] = [this.#top, this.#context, this.#clientId]
    return new EditedBodies(this.#bytes, { top, context, id, clientId })
  }

  pass(): Buffer {
    const edits = this.#contextEdits()
    return edits.length === 0 ? this.#bytes : Buffer.from(this.#rebuilt(new Map(edits)))
  }

  kept(): Buffer {
    return Buffer.from(this.#rebuilt(new Map([...KEPT_FIELDS, ...this.#contextEdits()])))
  }

  parts(sql: string, parameters: string): Buffer {
    const edits: [string, string][] = [
      ['query', JSON.stringify(sql)],
      ['parameters', parameters === '' ? '[]' : parameters],
    ]
    return Buffer.from(this.#rebuilt(new Map([...KEPT_FIELDS, ...this.#contextEdits(CUTS), ...edits])))
  }

  explain(sql: string, parameters?: string): Buffer {
    const cuts = parameters === undefined ? [] : CUTS
    const context = this.#contextText(new Set(['sqlQueryId', IF_NONE_MATCH, ...cuts]), undefined)
    const edits: [string, string][] = [
      ['query', JSON.stringify(sql)],
      ['resultFormat', '"array"'],
      ['header', 'false'],
      ['typesHeader', 'false'],
      ['sqlTypesHeader', 'false'],
      ['context', context],
    ]
    if (parameters !== undefined) edits.push(['parameters', parameters === '' ? '[]' : parameters])
    return Buffer.from(this.#rebuilt(new Map(edits)))
  }

  #contextEdits(without: readonly string[] = []): [string, string][] {
    const members = this.#context.members
    const isOwn = this.#clientId === this.#id
    const unwanted = [IF_NONE_MATCH, ...without]
    if (isOwn && !unwanted.some((name) => members.has(name))) return []
    const id = isOwn ? undefined : this.#id
    const dropped = new Set(id === undefined ? unwanted : [...unwanted, 'sqlQueryId'])
    return [['context', this.#contextText(dropped, id)]]
  }

  #contextText(dropped: ReadonlySet<string>, id: string | undefined): string {
    const own = id === undefined ? [] : [`"sqlQueryId":${JSON.stringify(id)}`]
    const kept = [...this.#context.members]
      .filter(([name]) => !dropped.has(name))
      .map(([, member]) => this.#slice(member.keyStart, member.valueEnd))
    return `{${[...own, ...kept].join(',')}}`
  }

  /** The body with the values of some fields replaced, and those that it lacks put in front. */
  #rebuilt(values: ReadonlyMap<string, string>): string {
    const missing = [...values]
      .filter(([name]) => !this.#top.has(name))
      .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
    const present = [...this.#top].map(([name, member]) => {
      const value = values.get(name) ?? this.#slice(member.valueStart, member.valueEnd)
      return this.#slice(member.keyStart, member.valueStart) + value
    })
    return `{${[...missing, ...present].join(',')}}`
  }

  #slice(start: number, end: number): string {
    return this.#bytes.toString('utf8', start, end)
  }
}

// Which of two members of one name counts is left to Druid.
function byName(members: readonly JsonMember[]): Members | undefined {
  const map = new Map(members.map((member) => [member.key, member]))
  // Lone surrogates would all look alike in a key's digest.
  return map.size === members.length && !members.some(({ key }) => LONE_SURROGATE.test(key)) ? map : undefined
}

function contextOf(bytes: Buffer, member: JsonMember | undefined): Context | undefined {
  if (member === undefined || member.kind === 'null') return { members: new Map(), member }
  if (member.kind !== 'object') return undefined
  const scan = scanJsonObject(bytes, member.valueStart, DEPTH_MAX)
  const members = scan.ok ? byName(scan.members) : undefined
  return members === undefined ? undefined : { members, member }
}

function tokens(bytes: Buffer, members: Members): ReadonlyMap<string, string> {
  const pairs = [...members].map(
    ([name, { valueStart, valueEnd }]) => [name, bytes.toString('utf8', valueStart, valueEnd)] as const,
  )
  const sorted = pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return new Map(sorted.filter(([name]) => name !== IF_NONE_MATCH))
}

function parameterText(bytes: Buffer, member: JsonMember | undefined): string {
  if (member === undefined || member.kind === 'null') return ''
  const text = bytes.toString('utf8', member.valueStart, member.valueEnd)
  return /^\[\s*\]$/.test(text) ? '' : text
}

// Jackson reads "true" and "false" as booleans (some clients send strings); any other text is for Druid to judge.
function wireOf(bytes: Buffer, top: Members): WireFormat | undefined {
  const header = flag(bytes, top.get('header'))
  const typesHeader = flag(bytes, top.get('typesHeader'))
  const sqlTypesHeader = flag(bytes, top.get('sqlTypesHeader'))
  const named = top.get('resultFormat')
  const resultFormat =
    named === undefined || named.kind === 'null'
      ? 'object'
      : FORMATS.get((stringOf(bytes, named) ?? '').toLowerCase())
  if (resultFormat === undefined || header === undefined) return undefined
  if (typesHeader === undefined || sqlTypesHeader === undefined) return undefined
  if ((typesHeader || sqlTypesHeader) && !header) return undefined
  return { resultFormat, header, typesHeader, sqlTypesHeader }
}

function flag(bytes: Buffer, member: JsonMember | undefined): boolean | undefined {
  if (member === undefined || member.kind === 'null' || member.kind === 'false') return false
  if (member.kind === 'true') return true
  const text = stringOf(bytes, member)
  return text === 'true' ? true : text === 'false' ? false : undefined
}

function stringOf(bytes: Buffer, member: JsonMember | undefined): string | undefined {
  if (member?.kind !== 'string') return undefined
  return JSON.parse(bytes.toString('utf8', member.valueStart, member.valueEnd)) as string
}

function restIsBlank(bytes: Buffer, from: number): boolean {
  return bytes
    .subarray(from)
    .every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
}
