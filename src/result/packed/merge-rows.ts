// Partials of a merge as they travel: the groups of all buckets one after the other, column by column.
import { z } from 'zod'
import { type MergeRows } from '../merge-rows.ts'
import { type MergePartial, type PartColumn, sizeOf } from '../merge/partial.ts'
import { blobOf, doublesIn, isAscending, pack, unpack, wordsIn } from './packed.ts'

const place = z.number().int().nonnegative()
const head = z.strictObject({
  kind: z.literal('partials'),
  hasLasts: z.boolean(),
  /** By column: what its numbers can't say. */
  columns: z.array(
    z.strictObject({
      /** Each with its group's place among all. */
      longs: z.array(z.tuple([place, z.string().regex(/^-?\d{1,19}$/)])),
      /** Each with its bucket's place, and the value that is written so. */
      texts: z.array(z.tuple([place, z.number(), z.string()])),
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
  const partials = Array.from(buckets, (_, bucket) =>
    partialIn(keys, columns, { bucket, from: firsts[bucket] ?? 0, to: firsts[bucket + 1] ?? 0 }),
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
  readonly texts: readonly [number, number, string][]
}

function joinedColumn(partials: readonly MergePartial[], firsts: Uint32Array, column: number): Joined {
  const groups = firsts.at(-1) ?? 0
  const values = new Float64Array(groups)
  const nulls = new Uint8Array(groups)
  const longs: [number, string][] = []
  const texts: [number, number, string][] = []
  for (const [at, { columns }] of partials.entries()) {
    const first = firsts[at] ?? 0
    const part = columns[column]
    if (part === undefined) continue
    values.set(part.values, first)
    if (part.nulls !== undefined) nulls.set(part.nulls, first)
    for (const [one, value] of part.longs ?? []) longs.push([first + one, String(value)])
    for (const [value, text] of part.texts ?? []) texts.push([at, value, text])
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
  /** By bucket, and there by value. */
  readonly texts: ReadonlyMap<number, ReadonlyMap<number, string>>
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
    texts: textsIn(texts),
  }
}

function textsIn(
  all: readonly (readonly [number, number, string])[],
): ReadonlyMap<number, ReadonlyMap<number, string>> {
  const buckets = new Map<number, Map<number, string>>()
  for (const [bucket, value, text] of all) {
    const own = buckets.get(bucket)
    if (own === undefined) buckets.set(bucket, new Map([[value, text]]))
    else own.set(value, text)
  }
  return buckets
}

/** A bucket, by its place, and which of all groups are its own. */
interface Place {
  readonly bucket: number
  readonly from: number
  readonly to: number
}

function partialIn(allKeys: readonly string[], all: readonly Wide[], at: Place): MergePartial {
  const keys = allKeys.slice(at.from, at.to)
  const columns = all.map((wide) => narrowed(wide, at))
  return { keys, columns, sizeBytes: sizeOf(keys, columns) }
}

function narrowed({ values, nulls, longs, texts }: Wide, { bucket, from, to }: Place): PartColumn {
  const own = nulls && Uint8Array.from(nulls.subarray(from, to))
  return {
    values: values.slice(from, to),
    nulls: own?.includes(1) === true ? own : undefined,
    longs: longsWithin(longs, from, to),
    texts: texts.get(bucket),
  }
}

function longsWithin(
  all: ReadonlyMap<number, string>,
  from: number,
  to: number,
): ReadonlyMap<number, bigint> | undefined {
  if (all.size === 0) return undefined
  const some = new Map<number, bigint>()
  for (const [at, text] of all) if (at >= from && at < to) some.set(at - from, BigInt(text))
  return some.size === 0 ? undefined : some
}
