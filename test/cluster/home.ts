// Where the clusters keep their state, and which ports they use.
import { createServer } from 'node:net'
import { join } from 'node:path'

/** The folder of all state: artifacts and one folder per port offset. Ignored by git; OVATE_CLUSTER_HOME moves it. */
export const HOME = process.env['OVATE_CLUSTER_HOME'] ?? join(import.meta.dirname, '../../.cluster')

/** The folder of the cluster at a port offset. */
export function clusterDir(offset: number, profile: 'open' | 'secure' = 'open'): string {
  return join(HOME, `${profile === 'open' ? '' : 'secure-'}offset-${offset}`)
}

/** Below those that systems give to outgoing connections, and above those of the clusters. */
const FIRST_PORT = 18_000
const PORTS = 14_000
const PORT_TRIES = 100

/**
 * A port of 127.0.0.1 that was free a moment ago, and is none that an outgoing connection may be given: who is killed and
 * comes back would find it taken. @throws Error when a hundred are taken.
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < PORT_TRIES; tried += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    if (await isFree(port)) return port
  }
  throw new Error(`no free port from ${FIRST_PORT} on`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
