// Those who want leases from one ZooKeeper: replicas in this process, each with a session and a way there of its own, and
// programs beside it. Whatever they claim to hold is written down.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { type SessionState } from '../../src/coordination/coordination.ts'
import { type Acquired, type LeaseListener, Leases, type LeaseState } from '../../src/coordination/leases.ts'
import { connectZooKeeper, type ZooKeeperCoordination } from '../../src/coordination/zookeeper.ts'
import { endingWithUs } from '../support/ending-with-us.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export const BASE = '/ovate'
/** With a tick of 1 s the least would be 2 s. */
export const SESSION_MS = 3_000
export const SAMPLE_MS = 10

export type ToHolder =
  | { readonly kind: 'acquire'; readonly name: string; readonly budgetMs: number }
  | { readonly kind: 'release' }

export type FromHolder =
  | { readonly kind: 'session'; readonly state: SessionState }
  | { readonly kind: 'acquired'; readonly got: string }
  | { readonly kind: 'sample'; readonly state: LeaseState; readonly atMs: number }
  | { readonly kind: 'fired'; readonly text: string }
  | { readonly kind: 'released' }
  | { readonly kind: 'failed'; readonly text: string }

/** From its first claim to its last. */
interface Claim {
  readonly who: string
  readonly fromMs: number
  toMs: number
}

/** Milliseconds on one scale for all processes of this machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

/** Every claim to a good lease, per holding. */
class Claims {
  readonly #claims: Claim[] = []

  begin(who: string): () => void {
    let claim: Claim | undefined
    return () => {
      const atMs = nowMs()
      if (claim === undefined) this.#claims.push((claim = { who, fromMs: atMs, toMs: atMs }))
      else claim.toMs = atMs
    }
  }

  add(claim: Claim): void {
    this.#claims.push(claim)
  }

  /** Pairs that claimed at one time; a millisecond is what clocks of two processes may differ by. */
  overlaps(): readonly string[] {
    const sorted = this.#claims.toSorted((one, two) => one.fromMs - two.fromMs)
    return sorted.flatMap((claim, at) => {
      const before = sorted.slice(0, at).filter(({ toMs }) => toMs > claim.fromMs + 1)
      return before.map(
        ({ who, toMs }) => `${who} claims ${toMs - claim.fromMs} ms into the time of ${claim.who}`,
      )
    })
  }
}

export class LeaseWorld {
  readonly claims = new Claims()
  readonly #replicas: Replica[] = []
  readonly #holders: Holder[] = []

  async replica(name: string, connect: string): Promise<Replica> {
    const replica = await Replica.start({ name, connect, claims: this.claims })
    this.#replicas.push(replica)
    return replica
  }

  async holder(connect: string): Promise<Holder> {
    const holder = new Holder(connect, this.claims)
    this.#holders.push(holder)
    await holder.heard('connected', ({ session }) => session === 'connected')
    return holder
  }

  async stop(): Promise<void> {
    for (const holder of this.#holders) holder.kill()
    await Promise.all(this.#replicas.map((replica) => replica.stop()))
  }
}

export class Replica {
  readonly name: string
  readonly coordination: ZooKeeperCoordination
  readonly leases: Leases
  readonly events: string[] = []
  readonly costsMs: number[] = []
  readonly #claims: Claims

  private constructor(name: string, coordination: ZooKeeperCoordination, claims: Claims) {
    this.name = name
    this.coordination = coordination
    this.#claims = claims
    const listener: LeaseListener = {
      takenOver: () => this.events.push('taken over'),
      alone: (why) => this.events.push(`alone: ${why}`),
      cost: (ms) => this.costsMs.push(ms),
    }
    this.leases = new Leases({
      coordination,
      clock: systemClock,
      basePath: BASE,
      sessionTimeoutMs: SESSION_MS,
      listener,
    })
  }

  static async start(options: {
    readonly name: string
    readonly connect: string
    readonly claims: Claims
  }): Promise<Replica> {
    const { name, connect, claims } = options
    const coordination = await connectZooKeeper({
      connect,
      sessionTimeoutMs: SESSION_MS,
      operationTimeoutMs: 2_000,
      retryMs: 100,
    })
    const replica = new Replica(name, coordination, claims)
    await replica.becomes('connected')
    return replica
  }

  async becomes(state: SessionState): Promise<void> {
    await vi.waitUntil(() => this.coordination.state === state, { timeout: 60_000, interval: 10 })
  }

  /** Acquires; while it is held each claim is written down. */
  async acquire(lease: string, budgetMs: number, who = this.name): Promise<Acquired> {
    const acquired = await this.leases.acquire(lease, budgetMs, AbortSignal.timeout(budgetMs + 60_000))
    if (acquired.kind === 'held') {
      const held = acquired.lease
      const claim = this.#claims.begin(who)
      const sample = (): void => {
        if (held.state === 'held') claim()
        else if (held.state !== 'suspect') clearInterval(timer)
      }
      const timer = setInterval(sample, SAMPLE_MS)
      sample()
    }
    return acquired
  }

  async stop(): Promise<void> {
    await this.leases.stop(AbortSignal.timeout(20_000))
    await this.coordination.close()
  }
}

interface Heard {
  session: SessionState
  got: string
  state: LeaseState | 'none'
  fired: string
  released: boolean
}

/** The program lease-holder.ts. */
export class Holder {
  readonly #child: ChildProcess
  readonly #heard: Heard = { session: 'connecting', got: '', state: 'none', fired: '', released: false }
  readonly #claims: Claims
  #claim: Claim | undefined

  constructor(connect: string, claims: Claims) {
    this.#claims = claims
    const path = fileURLToPath(new URL('./lease-holder.ts', import.meta.url))
    this.#child = endingWithUs(
      fork(path, [connect], {
        execArgv: ['--import', 'tsx'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    )
    this.#child.on('message', (message: FromHolder) => this.#hear(message))
  }

  get state(): LeaseState | 'none' {
    return this.#heard.state
  }

  get fired(): string {
    return this.#heard.fired
  }

  async acquire(name: string, budgetMs: number): Promise<string> {
    this.#say({ kind: 'acquire', name, budgetMs })
    await this.heard('an answer', ({ got }) => got !== '')
    return this.#heard.got
  }

  async release(): Promise<void> {
    this.#say({ kind: 'release' })
    await this.heard('its release', ({ released }) => released)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  async heard(what: string, check: (heard: Readonly<Heard>) => boolean): Promise<void> {
    await vi
      .waitUntil(() => check(this.#heard), { timeout: 60_000, interval: 10 })
      .catch(() => {
        throw new Error(`the holder never said: ${what}; it said ${JSON.stringify(this.#heard)}`)
      })
  }

  #say(message: ToHolder): void {
    this.#child.send(message)
  }

  #hear(message: FromHolder): void {
    switch (message.kind) {
      case 'session':
        this.#heard.session = message.state
        return
      case 'acquired':
        this.#heard.got = message.got
        return
      case 'released':
        this.#heard.released = true
        return
      case 'fired':
        this.#heard.fired = message.text
        return
      case 'failed':
        throw new Error(message.text)
      case 'sample':
        this.#heard.state = message.state
        if (message.state !== 'held') return
        if (this.#claim !== undefined) this.#claim.toMs = message.atMs
        else this.#claims.add((this.#claim = { who: 'holder', fromMs: message.atMs, toMs: message.atMs }))
    }
  }
}

/** A way to one server that can be cut; its address instead of the server's. */
export async function wayTo(port: number): Promise<{ readonly proxy: TcpProxy; readonly connect: string }> {
  const proxy = await startTcpProxy(port)
  return { proxy, connect: `127.0.0.1:${proxy.port}` }
}
