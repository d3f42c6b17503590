// A request's body, whole, in bounded memory.
import { type IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { OvateError } from '../errors.ts'

const inflate = promisify(gunzip)

type Done = (outcome: Buffer | OvateError) => void

/**
 * Hot: a hit passes here. Collects a body as it came, still encoded, and gives it to `done`, once: the bytes, or
 * OVATE_BODY_TOO_LARGE as soon as they pass `maxBytes`. A client that leaves before the end gets nothing.
 */
export function collectBody(request: IncomingMessage, maxBytes: number, done: Done): void {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > maxBytes) return done(tooLarge(maxBytes))
  let first: Buffer | undefined
  let more: Buffer[] | undefined
  let sizeBytes = 0
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length
    if (sizeBytes > maxBytes) {
      request.removeAllListeners('data').removeAllListeners('end').pause()
      done(tooLarge(maxBytes))
    } else if (first === undefined) first = chunk
    else (more ??= [first]).push(chunk)
  })
  request.on('end', () => done(more === undefined ? (first ?? EMPTY) : Buffer.concat(more)))
}

const EMPTY = Buffer.alloc(0)

/**
 * The body without its gzip encoding, which Druid takes too.
 * @throws OvateError OVATE_BAD_BODY when it is no gzip, OVATE_BODY_TOO_LARGE when it inflates past `maxBytes`.
 */
export async function inflated(body: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await inflate(body, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new OvateError(
      'OVATE_BAD_BODY',
      'the request says Content-Encoding: gzip, but its body is not gzip',
      {
        cause: error,
      },
    )
  }
}

function tooLarge(maxBytes: number): OvateError {
  return new OvateError(
    'OVATE_BODY_TOO_LARGE',
    `the request's body is larger than ${maxBytes} bytes: send less, or have listen.maxBody raised`,
  )
}
