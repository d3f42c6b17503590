// The kinds of values that settings have: how each is written, what it becomes, what is told when it is wrong.
import { z } from 'zod'

type Kind = 'duration' | 'size' | 'count' | 'number' | 'text' | 'list' | 'choice' | 'switch' | 'secret'

export interface Described {
  readonly kind: Kind
  /** What a value may be, for messages and docs. */
  readonly allowed: string
  readonly doc: string
  /** The default as one would write it; undefined: none. */
  readonly fallback: string | undefined
}

const DAY_MS = 86_400_000
const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS }
const UNIT_BYTES: Record<string, number> = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
}
const ISO_DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/
/** A timer of Node's waits 2^31 - 1 ms, not quite 25 days, and none at all for more; some wait twice what is set. */
const TIMER_MAX_DAYS = 12
const AGE_MAX_DAYS = 365

function described<Schema extends z.ZodType>(schema: Schema, meta: Described): Schema {
  return schema.meta({ ...meta })
}

/** Whole milliseconds that a timer may wait, from `250ms`, `5s`, `1m`, `PT5S` or a number of ms. */
export function duration(
  doc: string,
  fallback: string,
  min = 0,
  maxDays = TIMER_MAX_DAYS,
): z.ZodDefault<z.ZodType<number, string | number>> {
  const least = min > 0 ? `, at least ${min} ms` : ''
  const allowed = `a duration like 250ms, 5s, 1m, 2h or PT5S${least}, at most ${maxDays}d`
  const schema = z.union([z.string(), z.number()]).transform((value, context) => {
    // 16.1 s are 16100.000000000002 ms to a computer, and nothing to Node's own timeouts.
    const ms = Math.round((typeof value === 'number' ? value : durationMs(value)) ?? Number.NaN)
    if (ms >= min && ms <= maxDays * DAY_MS) return ms
    context.addIssue({ code: 'custom', message: allowed })
    return z.NEVER
  })
  return described(schema.default(durationMs(fallback) ?? 0), { kind: 'duration', allowed, doc, fallback })
}

/** The same for what nobody waits for: times are compared with it. */
export function age(doc: string, fallback: string, min = 0): ReturnType<typeof duration> {
  return duration(doc, fallback, min, AGE_MAX_DAYS)
}

/** Bytes, from `256MiB`, `64KB` or a number of bytes. */
export function size(
  doc: string,
  fallback: string,
  min = 0,
): z.ZodDefault<z.ZodType<number, string | number>> {
  const allowed = `a size like 256MiB, 64KB or a number of bytes${min > 0 ? `, at least ${min}` : ''}`
  const schema = z.union([z.string(), z.number()]).transform((value, context) => {
    const bytes = typeof value === 'number' ? value : sizeBytes(value)
    if (bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= min) return bytes
    context.addIssue({ code: 'custom', message: allowed })
    return z.NEVER
  })
  return described(schema.default(sizeBytes(fallback) ?? 0), { kind: 'size', allowed, doc, fallback })
}

/** A whole number within bounds. */
export function count(
  doc: string,
  fallback: number,
  bounds: { min: number; max: number },
): z.ZodDefault<z.ZodNumber> {
  const allowed = `a whole number from ${bounds.min} to ${bounds.max}`
  const schema = z.number({ error: allowed }).int(allowed).min(bounds.min, allowed).max(bounds.max, allowed)
  return described(schema.default(fallback), { kind: 'count', allowed, doc, fallback: String(fallback) })
}

/** Any number within bounds. */
export function number(
  doc: string,
  fallback: number,
  bounds: { min: number; max: number },
): z.ZodDefault<z.ZodNumber> {
  const allowed = `a number from ${bounds.min} to ${bounds.max}`
  const schema = z.number({ error: allowed }).min(bounds.min, allowed).max(bounds.max, allowed)
  return described(schema.default(fallback), { kind: 'number', allowed, doc, fallback: String(fallback) })
}

/** What a text must look like. */
export interface Pattern {
  readonly matches: RegExp
  readonly allowed: string
}

const ANY_TEXT: Pattern = { matches: /\S/, allowed: 'a text that is not empty' }

/** Text that is not empty, and may be left out. */
export function text(doc: string): z.ZodOptional<z.ZodString> {
  return textMay(doc, ANY_TEXT)
}

/** Text of some form that may be left out. */
export function textMay(doc: string, { matches, allowed }: Pattern): z.ZodOptional<z.ZodString> {
  const schema = z.string({ error: allowed }).regex(matches, allowed)
  return described(schema.optional(), { kind: 'text', allowed, doc, fallback: undefined })
}

/** Text that must be there. */
export function textNeeded(doc: string): z.ZodString {
  const { matches, allowed } = ANY_TEXT
  const schema = z.string({ error: allowed }).regex(matches, allowed)
  return described(schema, { kind: 'text', allowed, doc, fallback: undefined })
}

/** Text with a default. */
export function textOr(
  doc: string,
  fallback: string,
  pattern: Pattern = ANY_TEXT,
): z.ZodDefault<z.ZodString> {
  const { matches, allowed } = pattern
  return described(z.string({ error: allowed }).regex(matches, allowed).default(fallback), {
    kind: 'text',
    allowed,
    doc,
    fallback,
  })
}

/** Text that is never shown. */
export function secret(doc: string, pattern: Pattern = ANY_TEXT): z.ZodOptional<z.ZodString> {
  const { matches, allowed } = pattern
  const schema = z.string({ error: allowed }).regex(matches, allowed)
  return described(schema.optional(), { kind: 'secret', allowed, doc, fallback: undefined })
}

/** What each text of a list must be. */
export interface Item {
  readonly allows: (text: string) => boolean
  readonly one: string
  readonly many: string
}

/** A list of at least one text, each of which is allowed; may be left out. */
export function list(doc: string, item: Item): z.ZodOptional<z.ZodArray<z.ZodString>> {
  const allowed = `a list of ${item.many}, at least one`
  const schema = z.array(itemOf(item), { error: allowed }).min(1, allowed)
  return described(schema.optional(), { kind: 'list', allowed, doc, fallback: undefined })
}

/** A list of texts in lower case, with a default. */
export function lowerCaseListOr(
  doc: string,
  fallback: readonly string[],
  item: Item,
): z.ZodDefault<z.ZodArray<z.ZodString>> {
  const allowed = `a list of ${item.many}`
  const schema = z.array(itemOf(item).toLowerCase(), { error: allowed })
  return described(schema.default([...fallback]), {
    kind: 'list',
    allowed,
    doc,
    fallback: fallback.join(', '),
  })
}

function itemOf({ allows, one }: Item): z.ZodString {
  return z.string({ error: one }).refine(allows, one)
}

/** One of a few words. */
export function choice<const Word extends string>(
  doc: string,
  words: readonly [Word, ...Word[]],
  fallback: NoInfer<Word>,
): z.ZodDefault<z.ZodType<Word, Word>> {
  const allowed = words.join(' or ')
  const schema: z.ZodType<Word, Word> = z.literal(words, { error: allowed })
  return described(
    schema.default(() => fallback),
    { kind: 'choice', allowed, doc, fallback },
  )
}

/** true or false. */
export function flag(doc: string, fallback: boolean): z.ZodDefault<z.ZodBoolean> {
  const allowed = 'true or false'
  const schema = z.boolean({ error: allowed }).default(fallback)
  return described(schema, { kind: 'switch', allowed, doc, fallback: String(fallback) })
}

function durationMs(value: string): number | undefined {
  const plain = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value.trim())
  if (plain !== null) return Number(plain[1]) * (UNIT_MS[plain[2] ?? ''] ?? Number.NaN)
  const iso = ISO_DURATION.exec(value.trim())
  if (iso === null || value.trim().length < 3) return /^\d+$/.test(value.trim()) ? Number(value) : undefined
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = iso
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0))
  return ((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1_000
}

function sizeBytes(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB)?$/.exec(value.trim())
  if (match === null) return undefined
  return Math.round(Number(match[1]) * (UNIT_BYTES[match[2] ?? 'B'] ?? Number.NaN))
}
