import { OvateError } from '../errors.ts'

/**
 * The body of an answer that is to be short.
 * @throws OvateError OVATE_BROKER_FAILED when it has more than `maxBytes`; what it breaks with when it is cut.
 */
export async function wholeBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of body) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBytes)
      throw new OvateError('OVATE_BROKER_FAILED', `the answer has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
