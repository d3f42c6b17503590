import { expect, test } from 'vitest'
import { murmur3 } from '../../src/avatica/murmur3.ts'
import { AVATICA } from './support.ts'

test('is what Guava computes, at every length up to two blocks and a half', () => {
  const ours = AVATICA.hashes.map((_, length) =>
    String(murmur3(Buffer.from(Array.from({ length }, (_byte, at) => at * 37 + length)))),
  )
  expect(ours).toEqual(AVATICA.hashes)
})
