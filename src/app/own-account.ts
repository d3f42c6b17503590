// Ovate's own account at Druid.
import { type Config } from '../config/config.ts'
import { type Druid } from '../druid/druid.ts'
import { wholeBody } from '../druid/whole-body.ts'

/** More than any list or set of properties has. */
const READ_MAX_BYTES = 4_000_000

/** Its `Authorization`: for health, timelines and discovery only; undefined where Druid wants none. */
export function ownAuthorization({ druid: { username, password } }: Config): string | undefined {
  if (username === undefined) return undefined
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`
}

/** What a Broker answers to its GET. @throws OvateError when none could be asked, or says too much; the signal's reason. */
export async function askedAsOwn(
  path: string,
  { config, druid }: { readonly config: Config; readonly druid: Pick<Druid, 'send'> },
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const authorization = ownAuthorization(config)
  const headers = authorization === undefined ? [] : ['authorization', authorization]
  const get = { method: 'GET', path, headers, body: undefined }
  const answer = await druid.send({ ...get, service: undefined, repeatable: true, cancel: undefined }, signal)
  const body = await wholeBody(answer.body as AsyncIterable<Buffer>, READ_MAX_BYTES)
  return { status: answer.status, text: body.toString() }
}
