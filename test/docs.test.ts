import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configurationReference } from '../src/config/reference.ts'

test('docs/configuration.md is what the schema says (npm run docs makes it)', () => {
  expect(readFileSync(join(import.meta.dirname, '../docs/configuration.md'), 'utf8')).toBe(
    configurationReference(),
  )
})
