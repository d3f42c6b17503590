// Viewers who look at one dashboard: each refreshes it again and again, its statements a few at a time like a browser.
import { setTimeout as delay } from 'node:timers/promises'
import { randomOf } from '../../test/cluster/random.ts'
import { Client } from '../client.ts'
import { bodyAt, type Body, type Now, type Statement } from './statement.ts'

/** One answer to one statement, with all that is needed to judge it later. */
export interface Answered {
  readonly statement: Statement
  readonly now: Now
  readonly body: Body
  readonly askedAtMs: number
  readonly answeredAtMs: number
  readonly tookMs: number
  readonly status: number
  readonly cacheStatus: string
  readonly answer: Buffer
}

export interface Viewing {
  /** Whom they ask. */
  readonly url: string
  readonly viewers: number
  readonly rounds: number
  /** From one refresh to the next. */
  readonly periodMs: number
  /** All refreshes of a round begin within so many ms. */
  readonly spreadMs: number
  readonly statements: readonly Statement[]
  /** What is taken off the wall's clock to get that of `events`. */
  readonly eventsShiftMs: number
  readonly seed: number
  readonly context?: (statement: Statement, now: Now) => Readonly<Record<string, unknown>>
}

/** Connections of a browser to one host. */
const AT_ONCE = 6

export async function view(viewing: Viewing): Promise<readonly Answered[]> {
  const random = randomOf(viewing.seed)
  const beganAtMs = Date.now()
  const offsets = Array.from({ length: viewing.viewers }, () => random.below(viewing.spreadMs))
  const all = await Promise.all(offsets.map((offsetMs) => viewer(viewing, beganAtMs + offsetMs)))
  return all.flat()
}

async function viewer(viewing: Viewing, firstAtMs: number): Promise<readonly Answered[]> {
  const client = new Client(viewing.url, AT_ONCE)
  const answers: Answered[] = []
  try {
    for (let round = 0; round < viewing.rounds; round += 1) {
      await delay(Math.max(0, firstAtMs + round * viewing.periodMs - Date.now()))
      answers.push(...(await refresh(client, viewing)))
    }
  } finally {
    client.close()
  }
  return answers
}

/** The moment is the browser's for Grafana, which writes it once; other tools have a server that writes each text. */
async function refresh(client: Client, viewing: Viewing): Promise<readonly Answered[]> {
  const refreshedAtMs = Date.now()
  const answers: Answered[] = []
  const waiting = viewing.statements.values()
  const lane = async (): Promise<void> => {
    for (const statement of waiting) {
      const wallMs = statement.tool === 'grafana' ? refreshedAtMs : Date.now()
      const now = { wallMs, eventsMs: wallMs - viewing.eventsShiftMs }
      answers.push(await asked(client, statement, now, viewing))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return answers
}

async function asked(
  client: Client,
  statement: Statement,
  now: Now,
  { context }: Viewing,
): Promise<Answered> {
  const body = bodyAt(statement, now, context?.(statement, now))
  const askedAtMs = Date.now()
  const { tookMs, status, cacheStatus, body: answer } = await client.ask(body)
  return { statement, now, body, askedAtMs, answeredAtMs: Date.now(), tookMs, status, cacheStatus, answer }
}
