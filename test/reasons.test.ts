import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REASONS } from '../src/plan/reasons.ts'

test('docs/reasons.md lists exactly the reasons that there are', () => {
  const text = readFileSync(join(import.meta.dirname, '../docs/reasons.md'), 'utf8')
  const documented = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, reason]) => reason)
  expect(documented).toEqual([...REASONS])
})
