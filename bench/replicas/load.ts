// Closed-loop clients behind a load balancer: each asks the next statement as soon as it has an answer.
import { type Statement, bodyAt, type Now } from '../dashboard/statement.ts'
import { type Answered } from '../dashboard/viewers.ts'
import { Balancer } from './balancer.ts'

export interface Drawn {
  readonly statement: Statement
  readonly now: Now
}

export interface Loading {
  readonly urls: readonly string[]
  readonly clients: number
  readonly forMs: number
  readonly draw: () => Drawn
  readonly context: Readonly<Record<string, unknown>>
  /** Of so many answers one is kept with its bytes. */
  readonly keepEvery: number
}

export interface Loaded {
  /** Of all answers. */
  readonly answers: readonly Pick<Answered, 'tookMs' | 'cacheStatus'>[]
  readonly kept: readonly Answered[]
  readonly failures: readonly string[]
  readonly tookMs: number
}

export async function load({ urls, clients, forMs, draw, context, keepEvery }: Loading): Promise<Loaded> {
  const balancer = new Balancer(urls, clients)
  const answers: Pick<Answered, 'tookMs' | 'cacheStatus'>[] = []
  const kept: Answered[] = []
  const failures: string[] = []
  const began = performance.now()
  const client = async (): Promise<void> => {
    while (performance.now() - began < forMs) {
      const { statement, now } = draw()
      const body = bodyAt(statement, now, context)
      const askedAtMs = Date.now()
      const { tookMs, status, cacheStatus, body: answer } = await balancer.next().ask(body)
      answers.push({ tookMs, cacheStatus })
      if (status !== 200) failures.push(`${statement.id}: ${status} ${answer.toString().slice(0, 200)}`)
      else if (answers.length % keepEvery === 0)
        kept.push({
          statement,
          now,
          body,
          askedAtMs,
          answeredAtMs: Date.now(),
          tookMs,
          status,
          cacheStatus,
          answer,
        })
    }
  }
  try {
    await Promise.all(Array.from({ length: clients }, client))
  } finally {
    balancer.close()
  }
  return { answers, kept, failures, tookMs: performance.now() - began }
}
