import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERROR_CODES, OvateError } from '../src/errors.ts'

const documented = readFileSync(join(import.meta.dirname, '../docs/errors.md'), 'utf8')

test('docs/errors.md lists exactly the codes in the source, with their status and persona', () => {
  const rows = [...documented.matchAll(/^\| (OVATE_\w+) \| (\d+) \| (\w+) \|/gm)].map(
    ([, code, status, persona]) => [code, Number(status), persona],
  )
  expect(rows).toEqual(
    Object.entries(ERROR_CODES).map(([code, { status, persona }]) => [code, status, persona]),
  )
})

test('an error keeps its cause', () => {
  const cause = new Error('connect ECONNREFUSED')
  expect(new OvateError('OVATE_NO_BROKER', 'no Broker answers', { cause })).toMatchObject({
    code: 'OVATE_NO_BROKER',
    cause,
  })
})
