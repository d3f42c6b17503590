// The program of the process that holds the package `zookeeper`: see hosted.ts for why it has one of its own.
import { type FromHost, HOSTED_EVENTS, SIGNS_PER_TIMEOUT, type ToHost } from './host-messages.ts'
import { type NativeClient, type NativeConstructor } from './native.ts'

type Calls = Readonly<Record<string, (...args: unknown[]) => number>>

process.on('disconnect', () => process.exit(0))
// A terminal sends these to all of its processes: when to end is for the parent to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

try {
  const { default: loaded } = (await import('zookeeper')) as unknown as { default: NativeConstructor }
  host(loaded)
  send({ kind: 'loaded' })
} catch (error) {
  send({ kind: 'failed', text: error instanceof Error ? error.message : String(error) })
}

function host(constructor: NativeConstructor): void {
  const client = new constructor({})
  for (const name of HOSTED_EVENTS) {
    client.on(name, (_client?: unknown, value?: unknown) => send({ kind: 'event', name, value }))
  }
  // Looks since the last message. They are counted, not timed: this process may have stood still together with its parent.
  let looks = 0
  process.on('message', (message: ToHost) => {
    looks = 0
    obey(client.native, message)
    if (message.kind !== 'init') return
    setInterval(
      () => {
        looks += 1
        if (looks > SIGNS_PER_TIMEOUT) abandon(client.native)
      },
      Number(message.options['timeout']) / SIGNS_PER_TIMEOUT,
    )
  })
}

/** The parent stands still: its session ends now, as it would if the client stood still with it. */
function abandon(native: NativeClient): void {
  native.close()
  process.exit(0)
}

function obey(native: NativeClient, message: ToHost): void {
  switch (message.kind) {
    case 'init': {
      const begun = native.init(message.options)
      if (begun instanceof Error) send({ kind: 'failed', text: begun.message })
      return
    }
    case 'alive':
      return
    case 'close':
      return native.close()
    case 'call': {
      const { id, name, args } = message
      const done = (...values: unknown[]): void => send({ kind: 'done', id, values })
      const code = (native as unknown as Calls)[name]?.call(native, ...args, done)
      if (code !== 0) done(code, '')
    }
  }
}

function send(message: FromHost): void {
  // Where the parent has gone, so has everybody who would want to know.
  process.send?.(message, undefined, undefined, () => undefined)
}
