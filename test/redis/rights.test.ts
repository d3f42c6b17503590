import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLUSTER_RIGHTS, RIGHTS, SENTINEL_RIGHTS } from './server.ts'

test('docs/operating.md tells to give the rights that the tests give', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/operating.md'), 'utf8')
  for (const rights of [RIGHTS, CLUSTER_RIGHTS, SENTINEL_RIGHTS]) expect(text).toContain(rights)
})
