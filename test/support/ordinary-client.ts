// Somebody who asks on, whatever others do to Ovate: each answer must be right, and come in time.
import { Agent } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { echoOf, wordFor } from './echo-broker.ts'
import { ask } from './http-client.ts'

export interface OrdinaryClient {
  /** Answers so far. */
  readonly answers: number
  /** Ends it after its next answer; resolves with what was wrong. */
  stop(): Promise<readonly string[]>
}

/** A deadline for each answer that tells a hang from a slow machine. */
const DEADLINE_MS = 30_000
/** So that an attack doesn't compete with it for the processor. */
const PAUSE_MS = 10

/** Begins to ask: the same statement, a new one and a native query in turn. */
export function startOrdinaryClient(url: string): OrdinaryClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const wrong: string[] = []
  let answers = 0
  const stopping = new AbortController()
  const once = async (number: number): Promise<void> => {
    const { path, body, expected } = questionOf(number)
    const headers = { 'content-type': 'application/json' }
    try {
      const signal = AbortSignal.timeout(DEADLINE_MS)
      const got = await ask(`${url}${path}`, { headers, body, agent, signal })
      if (got.status !== 200 || !got.complete || got.body.toString() !== expected)
        wrong.push(`${body}: ${got.status} ${got.body.toString()}`)
    } catch (error) {
      wrong.push(`${body}: ${String(error)}`)
    }
    answers += 1
  }
  const asking = (async () => {
    for (let number = 0; !stopping.signal.aborted; number += 1) {
      await once(number)
      await delay(PAUSE_MS)
    }
  })()
  return {
    get answers() {
      return answers
    },
    stop: async () => {
      stopping.abort()
      await asking
      agent.destroy()
      return wrong
    },
  }
}

interface Question {
  readonly path: string
  readonly body: string
  readonly expected: string
}

function questionOf(number: number): Question {
  if (number % 3 === 2) {
    const body = `{"queryType":"timeBoundary","dataSource":"events","context":{"number":${number}}}`
    return { path: '/druid/v2', body, expected: echoOf('POST', '/druid/v2', Buffer.from(body)) }
  }
  const query = `SELECT COUNT(*) AS n FROM events WHERE number = ${number % 3 === 0 ? 0 : number}`
  const expected = `[{"w":"${wordFor('', { query })}"}]\n`
  return { path: '/druid/v2/sql', body: JSON.stringify({ query }), expected }
}
