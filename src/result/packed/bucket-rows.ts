// Rows of time buckets as they travel.
import { z } from 'zod'
import { type BucketRows } from '../bucket-rows.ts'
import { blobOf, doublesIn, isAscending, pack, unpack, wordsIn } from './packed.ts'

const head = z.strictObject({
  kind: z.literal('rows'),
  addedCount: z.number().int().nonnegative(),
  hasLasts: z.boolean(),
})

export function packRows({ bytes, ends, buckets, firstRows, lasts, added, addedCount }: BucketRows): Buffer {
  return pack({
    head: { kind: 'rows', addedCount, hasLasts: lasts !== undefined },
    blobs: [
      bytes,
      blobOf(ends),
      blobOf(buckets),
      blobOf(firstRows),
      blobOf(lasts ?? new Float64Array()),
      blobOf(Uint32Array.from(added, ({ length }) => length)),
      Buffer.concat(added),
    ],
  })
}

/** Undefined for what no rows were packed to. In memory of their own. */
export function unpackRows(packed: Buffer): BucketRows | undefined {
  const found = unpack(packed)
  const read = head.safeParse(found?.head)
  if (found === undefined || !read.success) return undefined
  const { addedCount, hasLasts } = read.data
  const [bytes, endBlob, bucketBlob, firstRowBlob, lastBlob, lengthBlob, addedBlob] = found.blobs
  const [ends, firstRows, lengths] = [wordsIn(endBlob), wordsIn(firstRowBlob), wordsIn(lengthBlob)]
  const [buckets, lasts] = [doublesIn(bucketBlob), doublesIn(lastBlob)]
  if (bytes === undefined || ends === undefined || firstRows === undefined) return undefined
  if (buckets === undefined || lasts === undefined || lengths === undefined) return undefined
  const added = addedBlob && cut(addedBlob, lengths)
  const isWhole =
    (ends.at(-1) ?? -1) + 1 === bytes.length &&
    isAscending(ends, 'above') &&
    isAscending(buckets, 'above') &&
    isAscending(firstRows, 'above') &&
    firstRows.length === buckets.length + 1 &&
    firstRows[0] === 0 &&
    firstRows.at(-1) === ends.length &&
    lasts.length === (hasLasts ? buckets.length : 0) &&
    added?.length === addedCount * ends.length
  if (!isWhole) return undefined
  return {
    bytes: Buffer.from(bytes),
    ends,
    buckets,
    firstRows,
    lasts: hasLasts ? lasts : undefined,
    added,
    addedCount,
  }
}

/** Undefined where that isn't all of it. */
function cut(blob: Buffer, lengths: Uint32Array): readonly Buffer[] | undefined {
  let at = 0
  const cells: Buffer[] = []
  for (const length of lengths) cells.push(Buffer.from(blob.subarray(at, (at += length))))
  return at === blob.length ? cells : undefined
}
