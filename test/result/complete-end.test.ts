import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { END_BYTES, endsComplete } from '../../src/result/complete-end.ts'
import { type ResultFormat } from '../../src/result/format.ts'

type Recorded = Record<string, Record<string, string>>
const RECORDED = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/druid/formats.json'), 'utf8'),
) as Recorded

test('every recorded answer ends complete, and no longer does when it is cut', () => {
  for (const forms of Object.values(RECORDED)) {
    for (const [form, body] of Object.entries(forms)) {
      const format = (form.split(' ')[0] ?? '') as ResultFormat
      const bytes = Buffer.from(body)
      expect(endsComplete(format, bytes.subarray(-END_BYTES), bytes.length), form).toBe(true)
      for (let end = 0; end < bytes.length; end += 1) {
        const cut = bytes.subarray(0, end)
        // The end of one line is an end for nobody, but for csv that is empty.
        if (format === 'csv' && cut.toString() === '\n') continue
        expect(endsComplete(format, cut.subarray(-END_BYTES), cut.length), `${form} at ${end}`).toBe(false)
      }
    }
  }
})
