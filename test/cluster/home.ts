// Where the clusters keep their state, and which ports they use.
import { createServer } from 'node:net'
import { join } from 'node:path'

/** The folder of all state: artifacts and one folder per port offset. Ignored by git; OVATE_CLUSTER_HOME moves it. */
export const HOME = process.env['OVATE_CLUSTER_HOME'] ?? join(import.meta.dirname, '../../.cluster')

/** The folder of the cluster at a port offset. */
export function clusterDir(offset: number, profile: 'open' | 'secure' = 'open'): string {
  return join(HOME, `${profile === 'open' ? '' : 'secure-'}offset-${offset}`)
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
