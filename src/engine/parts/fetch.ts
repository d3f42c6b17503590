// Asks Druid for parts: the client's text over what is missing, read row by row.
import { type Druid, type DruidAnswer, type DruidRequest } from '../../druid/druid.ts'
import { isDenial } from '../../druid/denial.ts'
import { KeptReader } from '../../result/kept-reader.ts'
import { type PartSink } from './method.ts'
import { saysIncomplete } from '../headers.ts'
import { type SqlRequest } from '../request.ts'

export interface PartQuery {
  readonly text: string
  /** `parameters` that belong to it, as JSON text. */
  readonly parameters: string
  readonly service: string | undefined
}

export interface Fetched<Rows, Head> {
  readonly rows: Rows
  readonly head: Head
  readonly answer: Pick<DruidAnswer, 'broker' | 'generation' | 'sentAtMs' | 'headers'>
  /** Whether others than who asked may be given them, as far as row policies go. Never rejects. */
  readonly isForAll: Promise<boolean>
}

/** Why there are no parts; only `too-large`, `not-understood` and `refused` say something of the shape. */
type NoParts = 'too-large' | 'not-understood' | 'refused' | 'broken'

interface Into<Rows, Head> {
  readonly sink: PartSink<Rows, Head>
  /** Counts bytes that are held meanwhile, or gives them back; false: there is no room. */
  readonly hold: (bytes: number) => boolean
}

interface Asking {
  readonly signal: AbortSignal
  readonly givenTo: DruidRequest['givenTo']
  /** Told when Druid says that the asker may not. */
  readonly refused: () => void
  /** Asked once they are all there. */
  readonly isForAll: () => Promise<boolean>
}

/**
 * The parts, or why there are none. Druid's own error isn't told: of a text that the client never wrote it would only
 * confuse. @throws OvateError when no Broker could be asked; the signal's reason.
 */
export async function fetchParts<Rows, Head>(
  druid: Druid,
  request: SqlRequest,
  query: PartQuery,
  into: Into<Rows, Head>,
  { signal, givenTo, refused, isForAll }: Asking,
): Promise<Fetched<Rows, Head> | NoParts> {
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
  if (isDenial(answer.status)) refused()
  if (answer.status !== 200) {
    answer.body.on('error', () => undefined).destroy()
    return answer.status === 400 ? 'refused' : 'broken'
  }
  const parts = await collected(answer, into)
  return typeof parts === 'string' ? parts : { ...parts, answer, isForAll: isForAll() }
}

async function collected<Rows, Head>(
  answer: DruidAnswer,
  { sink, hold }: Into<Rows, Head>,
): Promise<Pick<Fetched<Rows, Head>, 'rows' | 'head'> | NoParts> {
  const reader = new KeptReader(sink)
  let heldBytes = 0
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (!hold(chunk.length)) return 'broken'
      heldBytes += chunk.length
      reader.push(chunk)
      if (sink.bad !== undefined) return sink.bad
    }
  } catch {
    return 'broken'
  } finally {
    hold(-heldBytes)
  }
  reader.end()
  const parts = sink.result()
  const isWhole = reader.complete && answer.trailers()['x-druid-response-complete'] !== 'false'
  if (sink.bad !== undefined) return sink.bad
  if (!isWhole || parts === undefined || saysIncomplete(answer.headers)) return 'broken'
  return parts
}
