// Everything that Ovate doesn't read: bytes to a Broker and bytes back.
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Readable } from 'node:stream'
import { type Druid, type DruidRequest } from '../druid/druid.ts'
import { Passage, type PassRules } from './passage.ts'

export interface Forwarded {
  readonly druid: Pick<Druid, 'send'>
  readonly rules: PassRules
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Where it is another than the client's. */
  readonly path?: string | undefined
  /** Headers for Druid, names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer | Readable | undefined
  readonly repeatable: boolean
  readonly cancel: DruidRequest['cancel']
  /** Headers that Ovate adds to the answer, names and values in turn. */
  readonly extraHeaders?: readonly string[]
}

/** Sends a request on and streams its answer; resolves when that is out or the client has gone. Errors go to the client. */
export async function forward(forwarded: Forwarded): Promise<void> {
  const { druid, request, response, headers, body, repeatable, cancel } = forwarded
  const passage = new Passage({ request, response }, forwarded.rules)
  try {
    const method = request.method ?? 'GET'
    const path = forwarded.path ?? request.url ?? '/'
    const sent = { method, path, headers, body, service: undefined, repeatable, cancel }
    await passage.give(await passage.send(druid, sent), forwarded.extraHeaders)
  } catch (error) {
    passage.fail(error)
  }
}
