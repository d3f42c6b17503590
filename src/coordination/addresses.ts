// Where ZooKeeper is: a connect string taken apart, its names resolved by us.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { orAborted } from '../abort.ts'
import { OvateError } from '../errors.ts'

export interface Ensemble {
  readonly servers: readonly { readonly host: string; readonly port: number }[]
  /** Empty, or `/path` below which all paths are. */
  readonly chroot: string
}

const DEFAULT_PORT = 2181
const SERVER = /^(?:\[(?<ipv6>[^\]]+)\]|(?<host>[^:[\]\s]+))(?::(?<port>\d{1,5}))?$/

/** Of `host:port,[ipv6]:port/chroot`; the port may be left out. @throws OvateError OVATE_CONFIG. */
export function parseConnectString(text: string): Ensemble {
  const slash = text.indexOf('/')
  const hosts = slash < 0 ? text : text.slice(0, slash)
  const chroot = slash < 0 ? '' : text.slice(slash).replace(/\/+$/, '')
  const servers = hosts.split(',').map((part) => {
    const { ipv6, host = ipv6, port = DEFAULT_PORT } = SERVER.exec(part.trim())?.groups ?? {}
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw new OvateError('OVATE_CONFIG', `no ZooKeeper server: "${part}" in "${text}"`)
    }
    return { host, port: Number(port) }
  })
  return { servers, chroot }
}

/**
 * A connect string of IP addresses only. The C client resolves names itself otherwise, with a call that blocked the
 * event loop for 20 s when the name server did not answer. Names that cannot be resolved are left out.
 * @throws OvateError OVATE_ZOOKEEPER when none can, or not before `signal` fires.
 */
export async function resolveEnsemble({ servers, chroot }: Ensemble, signal: AbortSignal): Promise<string> {
  const failures: unknown[] = []
  const found = await Promise.all(
    servers.map(async ({ host, port }) => {
      try {
        const addresses =
          isIP(host) === 0 ? await orAborted(lookup(host, { all: true }), signal) : [{ address: host }]
        // The client splits at the last colon, so an IPv6 address stands without brackets.
        return addresses.map(({ address }) => `${address}:${port}`)
      } catch (error) {
        failures.push(error)
        return []
      }
    }),
  )
  const resolved = [...new Set(found.flat())]
  if (resolved.length > 0) return resolved.join(',') + chroot
  const names = servers.map(({ host }) => host).join(', ')
  throw new OvateError('OVATE_ZOOKEEPER', `no address for ${names}`, { cause: failures[0] })
}
