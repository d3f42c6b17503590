// What this replica shares with others through ZooKeeper: who they are, live settings, purge epochs.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type SharedState } from '../admin/options.ts'
import { type Clock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { type Live, readLive } from '../config/live.ts'
import { type Coordination } from '../coordination/coordination.ts'
import { Epochs, type Purge } from '../coordination/epochs.ts'
import { Membership, type Replica } from '../coordination/membership.ts'
import { OwnZnodes } from '../coordination/own-znodes.ts'
import { SettingsStore } from '../coordination/settings-store.ts'
import { connectZooKeeper } from '../coordination/zookeeper.ts'
import { type Log } from '../observe/log.ts'
import { type Metrics } from '../observe/metrics.ts'
import { type Parts } from './assemble.ts'
import { VERSION } from './version.ts'

export interface Shared extends SharedState {
  readonly coordination: Coordination
  readonly epochs: Epochs
  /** How many replicas work together at this moment, this one among them. */
  liveReplicas(): number
  /** Registers this replica, which answers there by now. */
  join(address: string): void
  /** Tells others that it goes; what is shared goes on to be obeyed. */
  leave(): Promise<void>
  close(): Promise<void>
}

export interface Sharing {
  readonly parts: Pick<Parts, 'clock' | 'settings' | 'keeper'>
  readonly log: Log
  readonly metrics: Metrics
}

/** What nobody can read may have been meant to forbid something: such a datasource passes. */
const UNREADABLE: Live = { accelerate: false }
/** How long the start waits for what is set: after that the file's settings hold until ZooKeeper is there. */
const SETTINGS_WAIT_MS = 5_000
const DRUIDS_CONNECT = 'localhost:2181'

/**
 * Undefined where the configuration has no `coordination`.
 * @throws OvateError OVATE_ZOOKEEPER without the package; the signal's reason.
 */
export async function coordinate(
  config: Config,
  sharing: Sharing,
  stop: AbortSignal,
): Promise<Shared | undefined> {
  const { coordination: given } = config
  if (given === undefined) return undefined
  const coordination = await connectCoordination(config, ({ message }) =>
    sharing.log.warn({ event: 'zookeeper', cause: message }, 'ZooKeeper'),
  )
  const shared = sharedThrough(coordination, given.path, sharing)
  try {
    await shared.settings.read(AbortSignal.any([stop, AbortSignal.timeout(SETTINGS_WAIT_MS)]))
  } catch (error) {
    if (stop.aborted) {
      await shared.close()
      throw error
    }
    const text = `no settings from ZooKeeper within ${SETTINGS_WAIT_MS} ms: those of the file are in force until they come`
    sharing.log.warn({ event: 'settings' }, text)
  }
  return shared
}

/** The session that a configuration with `coordination` asks for. @throws OvateError OVATE_ZOOKEEPER without the package. */
export async function connectCoordination(
  { coordination, druid }: Config,
  onError: (error: Error) => void,
): Promise<Coordination> {
  return await connectZooKeeper({
    connect: coordination?.connect ?? druid.zookeeper?.connect ?? DRUIDS_CONNECT,
    sessionTimeoutMs: coordination?.sessionTimeout,
    auth: coordination?.auth,
    onError,
  })
}

/** The same over a session that is there; `root` is Ovate's own znode. */
export function sharedThrough(
  coordination: Coordination,
  root: string,
  { parts, log, metrics }: Sharing,
): Shared & { readonly settings: SettingsStore<Live> } {
  const { clock } = parts
  const znodes = new OwnZnodes(coordination, root)
  const onError = ({ message }: Error): void => log.warn({ event: 'zookeeper', cause: message }, 'ZooKeeper')
  const common = { coordination, znodes, clock, onError }
  const settings = new SettingsStore<Live>({
    ...common,
    read: readLive,
    fallback: UNREADABLE,
    onSettings: (datasource, live) => {
      parts.settings.set(datasource, live)
      // What was kept under other settings is not given under these.
      parts.keeper.purge(datasource)
      metrics.settingsRead('applied')
      log.info(
        { event: 'settings', datasource: datasource ?? 'all', settings: live ?? null },
        'settings in force',
      )
    },
    onBad: (datasource, { message }) => {
      metrics.settingsRead('bad')
      log.error(
        { event: 'settings', datasource: datasource ?? 'all', cause: message },
        'the last good settings stay',
      )
    },
  })
  const epochs = new Epochs({
    ...common,
    onPurge: ({ datasource, interval }: Purge) => {
      metrics.purged(datasource === undefined ? 'all' : 'datasource')
      return parts.keeper.purge(datasource, interval)
    },
  })
  let membership: Membership | undefined
  const id = randomUUID()
  return {
    coordination,
    epochs,
    settings,
    self: id,
    state: () => coordination.state,
    replicas: () => membership?.replicas ?? [],
    liveReplicas: () => membership?.liveReplicas() ?? 1,
    join: (address) => {
      membership = new Membership({ ...common, self: selfAt(address, id, clock) })
    },
    leave: async () => {
      await membership?.stop()
    },
    close: async () => {
      await Promise.all([settings.stop(), epochs.stop()])
      await coordination.close()
    },
  }
}

function selfAt(address: string, id: string, clock: Clock): Replica {
  return { id, version: VERSION, address, startedAt: new Date(clock.now()).toISOString() }
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::'])

/** Where others find this replica, which listens at `url`. */
export function advertised({ coordination, listen }: Config, url: string): string {
  const { host, port } = new URL(url)
  const own = ANY_ADDRESS.has(listen.host) ? `${hostname()}:${port}` : host
  return coordination?.advertise ?? own
}
