import { expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { inTime } from '../../src/http/in-time.ts'

const GRACE_MS = 30

interface Read {
  readonly text: string
  readonly failure: string | undefined
}

async function read(
  body: AsyncIterable<Buffer>,
  {
    stop = new AbortController(),
    leftMs = 10_000,
    pause = () => Promise.resolve(),
  }: { stop?: AbortController; leftMs?: number; pause?: () => Promise<unknown> } = {},
): Promise<Read> {
  const patience = {
    clock: systemClock,
    deadlineMs: systemClock.monotonic() + leftMs,
    graceMs: GRACE_MS,
    late: () => new Error('late'),
  }
  let text = ''
  try {
    for await (const chunk of inTime(body, stop, patience)) {
      text += chunk.toString()
      await pause()
    }
    return { text, failure: undefined }
  } catch (error) {
    return { text, failure: (error as Error).message }
  }
}

async function* chunks(end: 'ends' | 'hangs' | 'breaks'): AsyncGenerator<Buffer> {
  for (const text of ['a', 'b', 'c']) yield Buffer.from(text)
  if (end === 'hangs') await new Promise(() => undefined)
  if (end === 'breaks') throw new Error('broken')
}

test('a body in time comes as it is, and so does its failure', async () => {
  expect(await read(chunks('ends'))).toEqual({ text: 'abc', failure: undefined })
  expect(await read(chunks('breaks'))).toEqual({ text: 'abc', failure: 'broken' })
})

test('a wait past the deadline ends, and the signal with it', async () => {
  const stop = new AbortController()
  expect(await read(chunks('hangs'), { stop, leftMs: 20 })).toEqual({ text: 'abc', failure: 'late' })
  expect(stop.signal.aborted).toBe(true)
})

test('a reader may take longer than the deadline', async () => {
  const stop = new AbortController()
  const slowly = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2 * GRACE_MS))
  const got = await read(chunks('ends'), { stop, leftMs: 1, pause: slowly })
  expect([got, stop.signal.aborted]).toEqual([{ text: 'abc', failure: undefined }, false])
})

test('the signal ends a wait at once', async () => {
  const stop = new AbortController()
  const got = read(chunks('hangs'), { stop })
  stop.abort(new Error('gone'))
  expect((await got).failure).toBe('gone')
})

test('a reader that leaves closes the source', async () => {
  let closed = false
  async function* source(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from('x')
    } finally {
      closed = true
    }
  }
  await read(source(), { pause: () => Promise.reject(new Error('enough')) })
  expect(closed).toBe(true)
})
