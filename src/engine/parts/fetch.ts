// Asks Druid for parts: the client's text over what is missing, read row by row.
import { type Druid, type DruidAnswer, type DruidRequest } from '../../druid/druid.ts'
import { KeptReader } from '../../result/kept-reader.ts'
import { PartCollector, type PartRows } from '../../result/part-rows.ts'
import { saysIncomplete } from '../headers.ts'
import { type SqlRequest } from '../request.ts'

export interface PartQuery {
  readonly text: string
  /** `parameters` that belong to it, as JSON text. */
  readonly parameters: string
  /** How many columns are the client's own. */
  readonly visible: number
  readonly service: string | undefined
}

export interface Fetched extends PartRows {
  readonly answer: Pick<DruidAnswer, 'broker' | 'generation' | 'sentAtMs' | 'headers'>
}

/** Why there are no parts; only `too-large`, `not-understood` and `refused` say something of the shape. */
type NoParts = 'too-large' | 'not-understood' | 'refused' | 'broken'

export interface PartLimits {
  readonly rows: number
  readonly bytes: number
  /** Counts bytes that are held meanwhile, or gives them back; false: there is no room. */
  hold(bytes: number): boolean
}

/**
 * The parts, or why there are none. Druid's own error isn't told: of a text that the client never wrote it would only
 * confuse. @throws OvateError when no Broker could be asked; the signal's reason.
 */
export async function fetchParts(
  druid: Druid,
  request: SqlRequest,
  query: PartQuery,
  limits: PartLimits,
  { signal, givenTo }: { readonly signal: AbortSignal; readonly givenTo: DruidRequest['givenTo'] },
): Promise<Fetched | NoParts> {
  const answer = await druid.send(
    {
      method: 'POST',
      path: '/druid/v2/sql',
      headers: [...request.headers, 'content-type', 'application/json'],
      body: request.bodies.parts(query.text, query.parameters),
      service: query.service,
      repeatable: true,
      cancel: { kind: 'sql', id: request.upstreamId },
      givenTo,
    },
    signal,
  )
  if (answer.status !== 200) {
    answer.body.on('error', () => undefined).destroy()
    return answer.status === 400 ? 'refused' : 'broken'
  }
  return await collected(answer, query.visible, limits)
}

async function collected(
  answer: DruidAnswer,
  visible: number,
  limits: PartLimits,
): Promise<Fetched | NoParts> {
  const collector = new PartCollector(visible, limits)
  const reader = new KeptReader(collector)
  let heldBytes = 0
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (!limits.hold(chunk.length)) return 'broken'
      heldBytes += chunk.length
      reader.push(chunk)
      if (collector.bad !== undefined) return collector.bad
    }
  } catch {
    return 'broken'
  } finally {
    limits.hold(-heldBytes)
  }
  reader.end()
  const parts = collector.result()
  const isWhole = reader.complete && answer.trailers()['x-druid-response-complete'] !== 'false'
  if (collector.bad !== undefined) return collector.bad
  if (!isWhole || parts === undefined || saysIncomplete(answer.headers)) return 'broken'
  return { ...parts, answer }
}
