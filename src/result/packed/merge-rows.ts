// Partials of a merge as they travel: the groups of all buckets one after the other, column by column.
import { z } from 'zod'
import { type MergeRows } from '../merge-rows.ts'
import { type MergePartial, type PartColumn, sizeOf } from '../merge/partial.ts'
import { blobOf, doublesIn, isAscending, pack, unpack, wordsIn } from './packed.ts'

const group = z.number().int().nonnegative()
const head = z.strictObject({
  kind: z.literal('partials'),
  hasLasts: z.boolean(),
  /** By column: what its numbers can't say, each with its group's place among all. */
  columns: z.array(
    z.strictObject({
      longs: z.array(z.tuple([group, z.string().regex(/^-?\d{1,19}$/)])),
      texts: z.array(z.tuple([group, z.string()])),
    }),
  ),
})

/** JSON text holds no line break as it stands. */
const KEY_END = '\n'

/** Undefined where buckets have different columns. */
export function packPartials({ buckets, partials, lasts }: MergeRows): Buffer | undefined {
  const width = partials[0]?.columns.length ?? 0
  if (partials.some(({ columns }) => columns.length !== width)) return undefined
  const firsts = firstsOf(partials.map(({ keys }) => keys.length))
  const columns = Array.from({ length: width }, (_, at) => joinedColumn(partials, firsts, at))
  const keys = partials.flatMap((partial) => partial.keys).map((key) => `${key}${KEY_END}`)
  return pack({
    head: {
      kind: 'partials',
      hasLasts: lasts !== undefined,
      columns: columns.map(({ longs, texts }) => ({ longs, texts })),
    },
    blobs: [
      blobOf(buckets),
      blobOf(firsts),
      blobOf(lasts ?? new Float64Array()),
      Buffer.from(keys.join(''), 'latin1'),
      ...columns.flatMap(({ values, nulls }) => [
        blobOf(values),
        blobOf(nulls.includes(1) ? nulls : new Uint8Array()),
      ]),
    ],
  })
}

/** Undefined for what no partials were packed to. In memory of their own. */
export function unpackPartials(packed: Buffer): MergeRows | undefined {
  const found = unpack(packed)
  const read = head.safeParse(found?.head)
  if (found === undefined || !read.success) return undefined
  const [bucketBlob, firstBlob, lastBlob, keyBlob, ...columnBlobs] = found.blobs
  const [buckets, firsts, lasts] = [doublesIn(bucketBlob), wordsIn(firstBlob), doublesIn(lastBlob)]
  if (buckets === undefined || firsts === undefined || lasts === undefined) return undefined
  const { hasLasts } = read.data
  const keys = keyBlob === undefined ? [] : keysIn(keyBlob)
  const isWhole =
    isAscending(buckets, 'above') &&
    isAscending(firsts, 'not-below') &&
    firsts[0] === 0 &&
    firsts.length === buckets.length + 1 &&
    firsts.at(-1) === keys.length &&
    lasts.length === (hasLasts ? buckets.length : 0) &&
    columnBlobs.length === 2 * read.data.columns.length
  if (!isWhole) return undefined
  const columns = read.data.columns.map((beside, at) =>
    columnIn(beside, columnBlobs.slice(2 * at, 2 * at + 2), keys.length),
  )
  if (!columns.every((column) => column !== undefined)) return undefined
  const partials = Array.from(buckets, (_, at) =>
    partialIn(keys, columns, firsts[at] ?? 0, firsts[at + 1] ?? 0),
  )
  return { buckets, partials, lasts: hasLasts ? lasts : undefined }
}

function firstsOf(counts: readonly number[]): Uint32Array {
  const firsts = new Uint32Array(counts.length + 1)
  for (const [at, count] of counts.entries()) firsts[at + 1] = (firsts[at] ?? 0) + count
  return firsts
}

interface Joined {
  readonly values: Float64Array
  readonly nulls: Uint8Array
  readonly longs: readonly [number, string][]
  readonly texts: readonly [number, string][]
}

function joinedColumn(partials: readonly MergePartial[], firsts: Uint32Array, column: number): Joined {
  const groups = firsts.at(-1) ?? 0
  const values = new Float64Array(groups)
  const nulls = new Uint8Array(groups)
  const longs: [number, string][] = []
  const texts: [number, string][] = []
  for (const [at, { columns }] of partials.entries()) {
    const first = firsts[at] ?? 0
    const part = columns[column]
    if (part === undefined) continue
    values.set(part.values, first)
    if (part.nulls !== undefined) nulls.set(part.nulls, first)
    for (const [one, value] of part.longs ?? []) longs.push([first + one, String(value)])
    for (const [one, text] of part.texts ?? []) texts.push([first + one, text])
  }
  return { values, nulls, longs, texts }
}

// A group has one text for all buckets, as when they are read from an answer.
function keysIn(blob: Buffer): readonly string[] {
  const text = blob.toString('latin1')
  if (text === '') return []
  const known = new Map<string, string>()
  return text
    .slice(0, -1)
    .split(KEY_END)
    .map((key) => {
      const same = known.get(key)
      if (same === undefined) known.set(key, key)
      return same ?? key
    })
}

/** A column over all groups. */
interface Wide {
  readonly values: Float64Array
  readonly nulls: Uint8Array | undefined
  readonly longs: ReadonlyMap<number, string>
  readonly texts: ReadonlyMap<number, string>
}

function columnIn(
  { longs, texts }: z.infer<typeof head>['columns'][number],
  [valueBlob, nullBlob]: readonly Buffer[],
  groups: number,
): Wide | undefined {
  const values = doublesIn(valueBlob)
  if (values?.length !== groups || nullBlob === undefined) return undefined
  if (nullBlob.length !== 0 && nullBlob.length !== groups) return undefined
  return {
    values,
    nulls: nullBlob.length === 0 ? undefined : nullBlob,
    longs: new Map(longs),
    texts: new Map(texts),
  }
}

function partialIn(allKeys: readonly string[], all: readonly Wide[], from: number, to: number): MergePartial {
  const keys = allKeys.slice(from, to)
  const columns = all.map((wide) => narrowed(wide, from, to))
  return { keys, columns, sizeBytes: sizeOf(keys, columns) }
}

function narrowed({ values, nulls, longs, texts }: Wide, from: number, to: number): PartColumn {
  const own = nulls && Uint8Array.from(nulls.subarray(from, to))
  return {
    values: values.slice(from, to),
    nulls: own?.includes(1) === true ? own : undefined,
    longs: within(longs, from, to, BigInt),
    texts: within(texts, from, to, String),
  }
}

function within<Value>(
  all: ReadonlyMap<number, string>,
  from: number,
  to: number,
  read: (text: string) => Value,
): ReadonlyMap<number, Value> | undefined {
  if (all.size === 0) return undefined
  const some = new Map<number, Value>()
  for (const [at, text] of all) if (at >= from && at < to) some.set(at - from, read(text))
  return some.size === 0 ? undefined : some
}
