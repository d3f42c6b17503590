// A program that holds a lease, to be killed, frozen and cut off: told over IPC what to do, it says all it knows.
import { systemClock } from '../../src/clock.ts'
import { type Lease, Leases } from '../../src/coordination/leases.ts'
import { connectZooKeeper } from '../../src/coordination/zookeeper.ts'
import { BASE, type FromHolder, nowMs, SAMPLE_MS, SESSION_MS, type ToHolder } from './lease-world.ts'

const [connect = ''] = process.argv.slice(2)
const coordination = await connectZooKeeper({ connect, sessionTimeoutMs: SESSION_MS })
const leases = new Leases({ coordination, clock: systemClock, basePath: BASE, sessionTimeoutMs: SESSION_MS })
let lease: Lease | undefined

coordination.onState((state) => say({ kind: 'session', state }))
process.on('disconnect', () => process.exit(0))
process.on('message', (message: ToHolder) => {
  obey(message).catch((error: unknown) => say({ kind: 'failed', text: String(error) }))
})
setInterval(() => {
  if (lease !== undefined) say({ kind: 'sample', state: lease.state, atMs: nowMs() })
}, SAMPLE_MS)

async function obey(message: ToHolder): Promise<void> {
  if (message.kind === 'release') {
    await lease?.release()
    lease = undefined
    say({ kind: 'released' })
    return
  }
  const acquired = await leases.acquire(
    message.name,
    message.budgetMs,
    AbortSignal.timeout(message.budgetMs * 2),
  )
  if (acquired.kind === 'held') {
    lease = acquired.lease
    lease.signal.addEventListener('abort', () => say({ kind: 'fired', text: String(lease?.signal.reason) }))
  }
  say({ kind: 'acquired', got: acquired.kind === 'held' ? 'held' : acquired.why })
}

function say(message: FromHolder): void {
  process.send?.(message, undefined, undefined, () => undefined)
}
