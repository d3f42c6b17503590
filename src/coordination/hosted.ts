// The package `zookeeper` (7.3.0) in a process of its own, one for each session.
//
// In ours it does harm while ZooKeeper is away. Its C client closes a socket by itself, and the binding stops watching
// that socket's number later, when the number may be another socket's (`yield` in node-zk.cpp): a client's request, or a
// Broker's answer, then never hears of its bytes again, or libuv aborts the process. Seen with a frozen server: one
// request in some thousands hung for good. Its `close`, too, stops all else for up to 1.5 s.
//
//   this process ── init, calls, close ──▶ native-host.ts ── one session ──▶ ZooKeeper
//                ◀── events, answers ────
import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { OvateError } from '../errors.ts'
import { type FromHost, type HostedEvent, SIGNS_PER_TIMEOUT, type ToHost } from './host-messages.ts'
import { type NativeClient, type NativeConstructor, type NativeZooKeeper } from './native.ts'

type Done = (code: number, text: string, ...values: never[]) => void

const CONNECTION_LOST = -4
const CANNOT_BEGIN = -8
/** How long a host that was told to end may take to say goodbye to ZooKeeper. */
const GOODBYE_MS = 5_000

interface Host {
  readonly process: ChildProcess
  /** Resolves when it has loaded the package; rejects with why it can't. */
  readonly loaded: Promise<void>
}

/**
 * The package's client, hosted.
 * @throws OvateError OVATE_ZOOKEEPER when the package isn't there: it is compiled when Ovate is installed.
 */
export async function loadNative(): Promise<NativeConstructor> {
  let spare: Host | undefined = startHost()
  try {
    await spare.loaded
  } catch (cause) {
    const text =
      'the package "zookeeper" is not installed: install a C compiler, make and python3, then run "npm install ' +
      'zookeeper"; or name Brokers in druid.brokers or druid.bootstrap'
    throw new OvateError('OVATE_ZOOKEEPER', text, { cause })
  }
  // Till the first session takes it.
  spare.process.unref()
  spare.process.channel?.unref()
  return class extends HostedZooKeeper {
    constructor() {
      super(spare ?? startHost())
      spare = undefined
    }
  }
}

/** Behaves as the package's own client. A host that ends, for whatever reason, ends the session. */
class HostedZooKeeper implements NativeZooKeeper {
  readonly native: NativeClient
  readonly loaded: Promise<void>
  readonly #events = new EventEmitter()
  readonly #host: ChildProcess
  readonly #waiting = new Map<number, Done>()
  #calls = 0
  #over = false
  #signs: NodeJS.Timeout | undefined

  constructor({ process: host, loaded }: Host) {
    this.#host = host
    host.ref()
    host.channel?.ref()
    host.on('message', (message: FromHost) => this.#hear(message))
    host.on('error', () => this.#end(CONNECTION_LOST)).on('exit', () => this.#end(CONNECTION_LOST))
    this.loaded = loaded.catch(() => this.#end(CANNOT_BEGIN))
    this.native = {
      init: (options) => this.#init(options),
      close: () => this.#close(),
      a_get: (path, watch, done) => this.#call('a_get', [path, watch], done),
      a_get_children: (path, watch, done) => this.#call('a_get_children', [path, watch], done),
      a_exists: (path, watch, done) => this.#call('a_exists', [path, watch], done),
      a_create: (path, data, flags, done) => this.#call('a_create', [path, data, flags], done),
      a_set: (path, data, version, done) => this.#call('a_set', [path, data, version], done),
      a_delete_: (path, version, done) => this.#call('a_delete_', [path, version], done),
      a_set_acl: (path, version, acl, done) => this.#call('a_set_acl', [path, version, acl], done),
      a_sync: (path, done) => this.#call('a_sync', [path], done),
      add_auth: (scheme, credentials, done) => this.#call('add_auth', [scheme, credentials], done),
    }
  }

  on(event: HostedEvent, listener: (...values: never[]) => void): this {
    this.#events.on(event, listener as (...values: unknown[]) => void)
    return this
  }

  /**
   * A session must not outlive who began it: the host, whose client goes on by itself, ends it when it hears nothing for
   * a session timeout. Else a process that stands still would keep its ephemerals for as long as it does.
   */
  #init(options: Record<string, unknown>): void {
    this.#send({ kind: 'init', options })
    const everyMs = Number(options['timeout']) / SIGNS_PER_TIMEOUT
    this.#signs ??= setInterval(() => this.#send({ kind: 'alive' }), everyMs).unref()
  }

  #call(name: string, args: readonly unknown[], done: Done): number {
    this.#calls += 1
    this.#waiting.set(this.#calls, done)
    this.#send({ kind: 'call', id: this.#calls, name, args })
    return 0
  }

  #send(message: ToHost): void {
    // What fails here shows as the host's end.
    if (this.#host.connected) this.#host.send(message, () => undefined)
  }

  #hear(message: FromHost): void {
    if (message.kind === 'done') {
      const done = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      const [code, text, ...values] = message.values as [number, string, ...never[]]
      done?.(code, text, ...values)
    } else if (message.kind === 'event' && !this.#over) {
      if (message.name === 'close') this.#end(Number(message.value))
      else this.#events.emit(message.name, this, message.value)
    }
  }

  /** Told at once: what the host still has to say to ZooKeeper it says by itself. */
  #close(): void {
    this.#send({ kind: 'close' })
    this.#end(0)
  }

  #end(code: number): void {
    if (this.#over) return
    this.#over = true
    clearInterval(this.#signs)
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const done of waiting) done(CONNECTION_LOST, 'connection lost')
    endHost(this.#host)
    this.#events.emit('close', this, code)
  }
}

// From the source it runs as this process may: by tsx.
function startHost(): Host {
  const extension = extname(import.meta.url)
  const path = fileURLToPath(new URL(`./native-host${extension}`, import.meta.url))
  const host = fork(path, [], {
    execArgv: extension === '.ts' ? ['--import', 'tsx'] : [],
    serialization: 'advanced',
    // The C client writes to stderr as it likes.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const loaded = new Promise<void>((resolve, reject) => {
    host.on('message', (message: FromHost) => {
      if (message.kind === 'loaded') resolve()
      if (message.kind === 'failed') reject(new Error(message.text))
    })
    host.on('error', reject).on('exit', (code) => reject(new Error(`its process ended (${code})`)))
  })
  loaded.catch(() => endHost(host))
  return { process: host, loaded }
}

function endHost(host: ChildProcess): void {
  const last = setTimeout(() => host.kill('SIGKILL'), GOODBYE_MS).unref()
  host.once('exit', () => clearTimeout(last))
  host.unref()
  // It ends when its channel does, after what was sent before.
  if (host.connected) host.disconnect()
}
