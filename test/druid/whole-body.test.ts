import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { wholeBody } from '../../src/druid/whole-body.ts'

const CHUNKS = ['ab', '', 'cde']

test.each<[number, string]>([
  [5, 'abcde'],
  [4, 'OVATE_BROKER_FAILED'],
])('of five bytes where %i may come: %s', async (maxBytes, wanted) => {
  const body = Readable.from(CHUNKS.map((text) => Buffer.from(text)))
  const got = await wholeBody(body, maxBytes).then(String, ({ code }: { code: string }) => code)
  expect([got, body.destroyed]).toEqual([wanted, true])
})

test('what breaks off is no body', async () => {
  const cause = new Error('cut')
  const cut = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('ab')
    await Promise.reject(cause)
  }
  await expect(wholeBody(cut(), 5)).rejects.toBe(cause)
})
