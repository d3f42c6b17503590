// Replicas of Ovate in front of one sandbox: what they share, as real bytes in memory, and leases of one process.
import { orAborted } from '../../src/abort.ts'
import { decode, encode } from '../../src/cache/shared/codec.ts'
import { type Clock } from '../../src/clock.ts'
import { type Epochs } from '../../src/coordination/epochs.ts'
import { createDruid } from '../../src/druid/client.ts'
import { brokerAt } from '../../src/druid/fixed-source.ts'
import { type SharedAnswer, type SharedStore } from '../../src/engine/shared-answers.ts'
import { type LeaseOffice } from '../../src/engine/turns.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { ManualClock } from './manual-clock.ts'
import { OWN_AUTHORIZATION } from './sandbox-stack.ts'
import { type Stack, startStack } from './stack.ts'
import { until } from './until.ts'

const SERVICE = 'druid/broker'
const ENTRY_MAX_BYTES = 100_000_000
const COMPRESS_ABOVE_BYTES = 1_000

/** Another machine's clock, which shows a time by `ms` later. */
export function ahead(clock: ManualClock, ms: number): Clock {
  return {
    now: () => clock.now() + ms,
    monotonic: () => clock.monotonic(),
    sleep: (forMs, signal) => clock.sleep(forMs, signal),
  }
}

/** L2 in memory: entries are bytes there, and an older one never replaces a newer. */
export class StoreInMemory implements SharedStore {
  readonly entries = new Map<string, { readonly bytes: Buffer; readonly beganAtMs: number }>()
  /** Alters what is put, with a checksum that fits. */
  alter: (answer: SharedAnswer) => SharedAnswer = (answer) => answer
  #writing: Promise<void> = Promise.resolve()

  async get(keys: readonly string[]): Promise<readonly (SharedAnswer | undefined)[]> {
    return await Promise.all(
      keys.map(async (key) => {
        const found = this.entries.get(key)
        const read = found && (await decode(key, found.bytes, ENTRY_MAX_BYTES))
        return typeof read === 'string' ? undefined : read
      }),
    )
  }

  put(key: string, answer: SharedAnswer): void {
    const { beganAtMs } = answer.meta
    this.#writing = this.#writing.then(async () => {
      const bytes = await encode(key, this.alter(answer), COMPRESS_ABOVE_BYTES)
      if ((this.entries.get(key)?.beganAtMs ?? 0) <= beganAtMs) this.entries.set(key, { bytes, beganAtMs })
    })
  }

  async flushed(): Promise<void> {
    await this.#writing
  }
}

/** Leases of one process: for each name one holder at a time, in the order of asking. Counts who holds and who was given one. */
export class Queues implements LeaseOffice {
  readonly #last = new Map<string, Promise<void>>()
  held = 0
  granted = 0
  isWorth = true

  async acquire(
    name: string,
    _budgetMs: number,
    signal: AbortSignal,
    onWait: () => void,
  ): ReturnType<LeaseOffice['acquire']> {
    const before = this.#last.get(name)
    let release: () => void = () => undefined
    const own = new Promise<void>((resolve) => (release = resolve))
    this.#last.set(name, own)
    if (before !== undefined) onWait()
    try {
      await orAborted(before ?? Promise.resolve(), signal)
    } catch (error) {
      before?.finally(release).catch(() => undefined)
      throw error
    }
    this.held += 1
    this.granted += 1
    return {
      kind: 'held',
      lease: {
        release: async () => {
          this.held -= 1
          if (this.#last.get(name) === own) this.#last.delete(name)
          release()
        },
      },
    }
  }

  worth(): boolean {
    return this.isWorth
  }
}

export interface Replica {
  readonly stack: Stack
  stop(): Promise<void>
}

export interface ReplicaOptions {
  readonly sandbox: Sandbox
  /** That the Brokers go by, and that moves. */
  readonly clock: ManualClock
  /** What this replica's own machine shows; left out: the same. */
  readonly own?: Clock
  readonly store: SharedStore
  readonly office: () => LeaseOffice | undefined
  /** Since when the Broker runs; undefined: that isn't known. */
  readonly startTime: string | undefined
  readonly epochs?: () => Pick<Epochs, 'of' | 'lineage'>
  readonly settings?: Record<string, unknown>
}

export interface Replicas {
  readonly clock: ManualClock
  readonly sandbox: Sandbox
  readonly replicas: readonly Replica[]
  stop(): Promise<void>
}

/** Starts some in front of one sandbox, each an hour ahead of the one before; `epochsOf` tells each of its purges. */
export async function startReplicas(
  count: number,
  settings: Record<string, unknown>,
  {
    nowMs,
    epochsOf,
  }: { nowMs?: number | undefined; epochsOf: (at: number) => Pick<Epochs, 'of' | 'lineage'> },
): Promise<Replicas> {
  const clock = new ManualClock(nowMs)
  const sandbox = await startSandbox({ clock, days: 0 })
  const store = new StoreInMemory()
  const office = new Queues()
  const replicas: Replica[] = []
  for (let at = 0; at < count; at += 1) {
    const own = ahead(clock, at * HOUR_MS)
    const epochs = (): Pick<Epochs, 'of' | 'lineage'> => epochsOf(at)
    const shared = { store, office: () => office, startTime: 'since', epochs }
    replicas.push(await startReplica({ sandbox, clock, own, ...shared, settings }))
  }
  return {
    clock,
    sandbox,
    replicas,
    stop: async () => {
      await Promise.all(replicas.map((one) => one.stop()))
      await sandbox.close()
    },
  }
}

const HOUR_MS = 3_600_000
const PROBES = 60
const PROBE_MS = 1_009

/** Starts one, and lets its clock run till it knows the Broker's well. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { sandbox, clock, own = clock, store, office, startTime, epochs, settings = {} } = options
  const address = { ...brokerAt(sandbox.url, SERVICE), startTime, version: '33.0.0' }
  const druid = createDruid({
    source: { start: (onChange) => onChange([address]), stop: () => Promise.resolve() },
    defaultService: SERVICE,
    authorization: OWN_AUTHORIZATION,
    clock: own,
  })
  const account = { username: 'ovate', password: 'own', ...(settings['druid'] as object | undefined) }
  const stack = await startStack(druid, { ...settings, druid: account }, own, {
    shared: store,
    leases: office,
    ...(epochs !== undefined && { epochs }),
  })
  await until(() => druid.brokers().some(({ state }) => state === 'ready'))
  for (let at = 0; at < PROBES; at += 1) {
    await clock.advance(PROBE_MS)
    await until(() => druid.brokers().every(({ state }) => state === 'ready'))
  }
  return {
    stack,
    stop: async () => {
      await stack.stop()
      await druid.close()
    },
  }
}
