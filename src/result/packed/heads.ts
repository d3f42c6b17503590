// What tells the columns of rows, as it travels.
import { z } from 'zod'
import { type ColumnTypes } from '../merge/value-types.ts'
import { type PartHead } from '../part-rows.ts'

const columnTypes = z.strictObject({ types: z.array(z.string()), sqlTypes: z.array(z.string()) })

const partHead = columnTypes.extend({
  /** Bytes as latin1. */
  rows: z.tuple([z.string(), z.string(), z.string()]),
  visible: z.number().int().nonnegative(),
})

export function packHead({ rows, types, sqlTypes, visible }: PartHead): unknown {
  return { rows: rows.map((row) => row.toString('latin1')), types, sqlTypes, visible }
}

/** Undefined for what isn't one. */
export function unpackHead(packed: unknown): PartHead | undefined {
  const { data } = partHead.safeParse(packed)
  if (data === undefined) return undefined
  const [names, types, sqlTypes] = data.rows
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
  return { ...data, rows: [bytes(names), bytes(types), bytes(sqlTypes)] }
}

/** Undefined for what isn't them. */
export function unpackTypes(packed: unknown): ColumnTypes | undefined {
  return columnTypes.safeParse(packed).data
}
