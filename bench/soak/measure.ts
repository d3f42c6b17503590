// What is alive in an Ovate at a moment, and whether it becomes more.
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseJson, request } from '../../test/cluster/http.ts'
import { waitUntil, within } from '../../test/cluster/wait.ts'
import { type OvateProgram } from '../ovate.ts'

/** What `watched.ts` writes. */
interface Watched {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
  readonly handles: number
  readonly timers: number
  readonly listeners: number
  readonly listenersMost: number
}

/** All numbers; memory after garbage was collected. */
export type Sample = Readonly<Record<(typeof FIGURES)[number], number>>

const FIGURES = [
  'minute',
  'rssMb',
  'heapMb',
  'externalMb',
  'handles',
  'timers',
  'sockets',
  'listeners',
  'listenersMost',
  'flights',
  'outstanding',
  'heldMb',
  'entries',
] as const

/** What may not grow, and by how much a run may seem to grow all the same. */
export const FLAT: Readonly<Partial<Record<keyof Sample, number>>> = {
  rssMb: 60,
  heapMb: 20,
  externalMb: 20,
  sockets: 20,
  timers: 20,
  listeners: 200,
  flights: 5,
}

const MEGABYTE = 1_000_000
const WATCH_MS = 60_000

export class Measure {
  readonly samples: Sample[] = []
  readonly #ovate: OvateProgram
  readonly #file: string
  readonly #beganMs = performance.now()
  #lines = 0

  /** `file`: where `watched.ts` writes. */
  constructor(ovate: OvateProgram, file: string) {
    this.#ovate = ovate
    this.#file = file
  }

  async take(): Promise<Sample> {
    const watched = await this.#watched()
    const { body } = await request(`${this.#ovate.adminUrl}/metrics`)
    const metrics = body.toString()
    const sample: Sample = {
      minute: (performance.now() - this.#beganMs) / 60_000,
      rssMb: watched.rss / MEGABYTE,
      heapMb: watched.heapUsed / MEGABYTE,
      externalMb: watched.external / MEGABYTE,
      handles: watched.handles,
      timers: watched.timers,
      sockets: valueOf(metrics, 'nodejs_active_handles{type="Socket"}'),
      listeners: watched.listeners,
      listenersMost: watched.listenersMost,
      flights: valueOf(metrics, 'ovate_flights'),
      outstanding: await this.#outstanding(),
      heldMb: valueOf(metrics, 'ovate_cache_bytes') / MEGABYTE,
      entries: valueOf(metrics, 'ovate_cache_entries'),
    }
    this.samples.push(sample)
    return sample
  }

  /** Requests at Brokers. */
  async #outstanding(): Promise<number> {
    const { brokers } = parseJson(await request(`${this.#ovate.adminUrl}/ovate/status`)) as {
      readonly brokers: readonly { readonly outstanding: number }[]
    }
    return brokers.reduce((all, { outstanding }) => all + outstanding, 0)
  }

  async #watched(): Promise<Watched> {
    process.kill(this.#ovate.pid, 'SIGUSR2')
    let lines: string[] = []
    const isThere = (): boolean => {
      lines = readFileSync(this.#file, 'utf8').split('\n').slice(0, -1)
      return lines.length > this.#lines
    }
    await waitUntil('what is alive', () => Promise.resolve(isThere()), within(WATCH_MS))
    this.#lines = lines.length
    return JSON.parse(lines.at(-1) ?? '{}') as Watched
  }
}

/** By how much a figure grew over the last two thirds of a run, by the line that fits best. */
export function growthOf(samples: readonly Sample[], figure: keyof Sample): number {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) return 0
  const fromMinute = first.minute + (last.minute - first.minute) / 3
  const late = samples.filter(({ minute }) => minute >= fromMinute)
  const mean = (of: (sample: Sample) => number): number =>
    late.reduce((all, sample) => all + of(sample), 0) / late.length
  const [x, y] = [mean(({ minute }) => minute), mean((sample) => sample[figure])]
  const spread = late.reduce((all, { minute }) => all + (minute - x) ** 2, 0)
  const common = late.reduce((all, sample) => all + (sample.minute - x) * (sample[figure] - y), 0)
  return spread === 0 ? 0 : (common / spread) * (last.minute - fromMinute)
}

/** Takes a sample every so often until told. */
export async function sampling(measure: Measure, periodMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { minute, ...figures } = await measure.take()
    const shown = Object.entries(figures).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`)
    console.log(`  minute ${minute.toFixed(1).padStart(5)}   ${shown.join('   ')}`)
    await delay(periodMs, undefined, { signal }).catch(() => undefined)
  }
}

function valueOf(metrics: string, name: string): number {
  const line = metrics.split('\n').find((one) => one.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}
