// Whether an answer is the one to what was asked.
import { isUtf8 } from 'node:buffer'
import { type Arrived, echoOf, sqlFieldsIn, wordFor } from '../support/echo-broker.ts'
import { type EchoStack } from '../support/echo-stack.ts'
import { type Got } from '../support/http-client.ts'

/** Names an input to the Brokers, so that what arrives can be told to be its. */
export const MARKER = 'x-input'

/** Statements that the Broker takes for Ovate's own: what it answers to those is no word. */
const LIKE_OWN = /EXPLAIN PLAN FOR|INFORMATION_SCHEMA\.COLUMNS|LIMIT 0/

/** What is wrong with the answer to a statement's body, by `JSON.parse` in place of Jackson. */
export function judgeSql(got: Got, body: Buffer, authorization: string): string | undefined {
  const text = body.toString()
  const said = `${got.status} ${got.body.toString().slice(0, 300)} to ${JSON.stringify(text.slice(0, 600))}`
  if (LIKE_OWN.test(text)) return undefined
  if (!got.complete) return `cut: ${said}`
  const asked = isUtf8(body) ? sqlFieldsIn(text) : undefined
  if (got.status === 400 && got.body.includes('OVATE_BAD_BODY'))
    return isJsonObject(body) ? `refused: ${said}` : undefined
  if (got.status !== 200) return `refused: ${said}`
  if (asked === undefined) {
    const changed =
      text.includes('If-None-Match') || got.body.toString() !== echoOf('POST', '/druid/v2/sql', body)
    return changed && isJsonObject(body) ? `not as it came: ${said}` : undefined
  }
  const words = new Set(got.body.toString().match(/[\da-f]{32}/g))
  const expected = wordFor(authorization, asked)
  return words.size === 1 && words.has(expected) ? undefined : `another's answer, not ${expected}: ${said}`
}

function isJsonObject(body: Buffer): boolean {
  if (!isUtf8(body)) return false
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** What is wrong with the answer to bytes that pass: they arrive as they are, once, or are refused and don't arrive. */
export function judgePassed(
  got: Got,
  { path, body, name }: { readonly path: string; readonly body: Buffer; readonly name: string },
  world: EchoStack,
): string | undefined {
  const came = takeArrived(world, name)
  const said = `${got.status} ${got.body.toString().slice(0, 300)} to ${body.toString('latin1').slice(0, 300)}`
  // A connection that is not known is closed wherever it may be.
  const most = /\bClose(?:Connection|Statement)/i.test(body.toString('latin1')) ? world.brokers.length : 1
  if (came.length > most || came.some((one) => !one.body.equals(body)))
    return `${came.length} arrived: ${said}`
  if (came.length === 0) return got.status >= 400 && got.complete ? undefined : `nothing arrived: ${said}`
  return got.status === 200 && got.complete && got.body.toString() === echoOf('POST', path, body)
    ? undefined
    : `another answer: ${said}`
}

/** Takes what arrived of an input, and drops what is of none. */
function takeArrived({ brokers }: EchoStack, name: string): Arrived[] {
  const taken: Arrived[] = []
  for (const { arrived } of brokers) {
    for (const one of arrived.splice(0)) {
      const marker = one.headers.get(MARKER)
      if (marker === name) taken.push(one)
      else if (marker !== undefined) arrived.push(one)
    }
  }
  return taken
}
