// An answer of many times the heap, from a stand-in through Ovate with 100 MB of heap: memory, throughput, every byte.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from './client.ts'
import { type OvateProgram, startOvate } from './ovate.ts'
import { type Outcome, type Result } from './result.ts'
import { Rows } from './rows.ts'
import { startStandIn } from './stand-in.ts'

const HEAP_MB = 100
const SAMPLE_MS = 200
const MB = 1_000_000

/** Both roads of a large answer: written anew from the form that is kept, and passed on as it came. */
const ROADS: readonly { readonly title: string; readonly context: Readonly<Record<string, unknown>> }[] = [
  { title: 'written while it streams', context: {} },
  { title: 'passed', context: { useCache: false } },
]

/** Streams answers of `bytes` each. */
export async function largeBench(bytes: number): Promise<Outcome> {
  const rows = Rows.ofBytes(bytes)
  const standIn = await startStandIn({ large: rows })
  const results: Result[] = []
  let wrong = 0
  try {
    for (const { title, context } of ROADS) {
      // A process for each, so that each has a peak of its own.
      const ovate = await startOvate({
        brokers: [standIn.url],
        nodeArgs: [`--max-old-space-size=${HEAP_MB}`],
        env: { OVATE_CACHE_SIZE: '32MiB' },
      })
      try {
        const { isRight, metrics } = await streamed(ovate, rows, { context })
        results.push({ case: `an answer of ${Math.round(bytes / MB)} MB`, target: title, metrics })
        if (!isRight) wrong += 1
      } finally {
        await ovate.stop()
      }
    }
  } finally {
    await standIn.close()
  }
  const heaps = results.map(({ metrics }) => metrics['peakHeapMb'] ?? 0)
  const note = `large answers went through ${HEAP_MB} MB of heap (at most ${Math.max(...heaps)} MB of it used)`
  return { results, wrong, notes: [wrong === 0 ? note : 'A LARGE ANSWER WAS NOT WHAT IT HAD TO BE'] }
}

async function streamed(
  ovate: OvateProgram,
  rows: Rows,
  more: Readonly<Record<string, unknown>>,
): Promise<{ readonly isRight: boolean; readonly metrics: Record<string, number> }> {
  const done = new AbortController()
  const heap = peakHeapMb(ovate, done.signal)
  const client = new Client(ovate.url)
  const began = performance.now()
  try {
    const response = await client.open({ query: 'SELECT day, country, edits, weight FROM large', ...more })
    const compared = new Compared(rows.chunks('object'))
    for await (const chunk of response) compared.add(chunk as Buffer)
    const seconds = (performance.now() - began) / 1000
    const isRight = response.statusCode === 200 && response.complete && compared.isEqual
    done.abort()
    const mb = Math.round(compared.bytes / MB)
    const metrics = { mb, mbPerSecond: Math.round(mb / seconds), peakRssMb: peakRssMb(ovate.pid) }
    return { isRight, metrics: { ...metrics, peakHeapMb: await heap } }
  } finally {
    done.abort()
    client.close()
  }
}

/** What comes against what should, piece by piece: nothing is collected. */
class Compared {
  readonly #expected: Iterator<Buffer, undefined>
  #piece: Buffer = Buffer.alloc(0)
  #same = true
  bytes = 0

  constructor(expected: Iterable<Buffer, undefined>) {
    this.#expected = expected[Symbol.iterator]()
  }

  add(chunk: Buffer): void {
    this.bytes += chunk.length
    for (let at = 0; this.#same && at < chunk.length;) {
      if (this.#piece.length === 0 && !this.#next()) this.#same = false
      const size = Math.min(this.#piece.length, chunk.length - at)
      if (this.#piece.compare(chunk, at, at + size, 0, size) !== 0) this.#same = false
      this.#piece = this.#piece.subarray(size)
      at += size
    }
  }

  /** To be asked when all has come. */
  get isEqual(): boolean {
    return this.#same && this.#piece.length === 0 && !this.#next()
  }

  #next(): boolean {
    const { value } = this.#expected.next()
    this.#piece = value ?? Buffer.alloc(0)
    return value !== undefined
  }
}

/** The most that the process ever had in memory; 0 where the system doesn't tell (`VmHWM` of Linux). */
function peakRssMb(pid: number): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round((Number(kib ?? 0) * 1024) / MB)
  } catch {
    return 0
  }
}

/** The largest heap that was seen, read from Ovate's own metrics every now and then. */
async function peakHeapMb({ adminUrl }: OvateProgram, done: AbortSignal): Promise<number> {
  let peak = 0
  try {
    for (;;) {
      const text = await (await fetch(`${adminUrl}/metrics`, { signal: done })).text()
      peak = Math.max(peak, Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)?.[1] ?? 0))
      await delay(SAMPLE_MS, undefined, { signal: done })
    }
  } catch (error) {
    if (done.aborted) return Math.round(peak / MB)
    throw error
  }
}
