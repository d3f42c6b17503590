// Short questions of Ovate's own to one Broker, with Ovate's own credentials, on connections that queries don't use.
import { type Dispatcher } from 'undici'
import { type Clock } from '../clock.ts'
import { dispatch, Exchange, type ExchangeRequest } from './exchange.ts'
import { wholeBody } from './whole-body.ts'

export interface Reply {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
  readonly sentAtMs: number
  readonly headAtMs: number
}

/** Of the words of a cause; names in a certificate may be many. */
const CAUSE_MAX = 300

/** Why there was no answer: nobody took the connection, or nothing came in time. The message has the cause, cut short. */
export class NoAnswer extends Error {
  readonly kind: 'refused' | 'silent'

  constructor(kind: 'refused' | 'silent', cause: unknown) {
    super(kind === 'silent' ? 'no answer in time' : `no connection: ${wordsOf(cause)}`, { cause })
    this.kind = kind
  }
}

// Where a name has several addresses the error of all has no words of its own; OpenSSL's end with their line.
function wordsOf(cause: unknown): string {
  if (cause instanceof AggregateError) return wordsOf(cause.errors[0])
  const words = cause instanceof Error ? cause.message : String(cause)
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, CAUSE_MAX)
}

/** The whole answer. @throws NoAnswer; the signal's reason; an Error for a body longer than `maxBytes`. */
export async function ask(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  bounds: { readonly clock: Clock; readonly timeoutMs: number; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<Reply> {
  const late = new Error('too late')
  const exchange = new Exchange(bounds.clock, () => undefined)
  const timer = setTimeout(() => exchange.abort(late), bounds.timeoutMs)
  const leave = (): void => exchange.abort(signal.reason as Error)
  signal.addEventListener('abort', leave, { once: true })
  try {
    signal.throwIfAborted()
    dispatch(dispatcher, request, exchange)
    const head = await exchange.head
    return { ...head, body: await wholeBody(head.body as AsyncIterable<Buffer>, bounds.maxBytes) }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw new NoAnswer(error === late ? 'silent' : 'refused', error)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
  }
}
