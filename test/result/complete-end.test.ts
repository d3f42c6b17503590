import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { END_BYTES, endsComplete } from '../../src/result/complete-end.ts'
import { type ResultFormat } from '../../src/result/format.ts'

type Recorded = Record<string, Record<string, string>>
const RECORDED = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/druid/formats.json'), 'utf8'),
) as Recorded

const BODIES = Object.values(RECORDED).flatMap((forms) =>
  Object.entries(forms).map(([form, body]) => ({
    format: (form.split(' ')[0] ?? '') as ResultFormat,
    form,
    body,
  })),
)

test.each(BODIES)(
  'a recorded answer as $form ends complete, and no longer does when it is cut',
  ({ format, body }) => {
    const bytes = Buffer.from(body)
    const complete = (end: number): boolean => {
      const cut = bytes.subarray(0, end)
      return endsComplete(format, cut.subarray(-END_BYTES), cut.length)
    }
    expect(complete(bytes.length)).toBe(true)
    const early = Array.from(bytes.keys()).filter(complete)
    // An empty csv is one line end.
    expect(early.filter((end) => format !== 'csv' || end !== 1)).toEqual([])
  },
)
