// The leading Coordinator and Overlord, each as a group of its own in which only the leader is ever ready.
import { type Clock } from '../clock.ts'
import { type Coordination } from '../coordination/coordination.ts'
import { LeaderLatch } from '../coordination/leader-latch.ts'
import { type BrokersListener, type BrokerSource } from './broker-source.ts'
import { type BrokerAddress } from './druid.ts'
import { brokerAt } from './fixed-source.ts'

export type LeaderRole = 'coordinator' | 'overlord'

interface Role {
  readonly role: LeaderRole
  /** Below `druid.zk.paths.base` (`CuratorDruidLeaderSelector` is made with it, 33.0.0). */
  readonly latch: string
  /** 200 at the leader, 404 at any other; needs no rights (33.0.0). */
  readonly readiness: string
}

const ROLES: readonly Role[] = [
  {
    role: 'coordinator',
    latch: '/coordinator/_COORDINATOR',
    readiness: '/druid/coordinator/v1/isLeader',
  },
  { role: 'overlord', latch: '/overlord/_OVERLORD', readiness: '/druid/indexer/v1/isLeader' },
]

export interface LatchedOptions {
  /** A session that somebody else closes; undefined: there is none. */
  readonly session: Promise<Coordination | undefined>
  /** Druid's `druid.zk.paths.base`. */
  readonly basePath: string
  readonly clock: Clock
}

/** Those who stand first at Druid's leader latches in ZooKeeper. */
export function latchedLeaders({ session, basePath, clock }: LatchedOptions): BrokerSource {
  const base = basePath.replace(/\/+$/, '')
  let started: Promise<readonly LeaderLatch[]> = Promise.resolve([])
  let isStopped = false
  const begin = async (
    onChange: BrokersListener,
    onError: (error: Error) => void,
  ): Promise<LeaderLatch[]> => {
    const coordination = await session
    if (coordination === undefined || isStopped) return []
    const leaders = new Map<LeaderRole, BrokerAddress>()
    return ROLES.map((role) => {
      const onLeader = (url: string | undefined): void => {
        if (url === undefined) leaders.delete(role.role)
        else leaders.set(role.role, candidate(url, role))
        onChange([...leaders.values()])
      }
      return new LeaderLatch({ coordination, path: `${base}${role.latch}`, clock, onLeader, onError })
    })
  }
  return {
    start: (onChange, onError) => {
      started = begin(onChange, onError)
    },
    stop: async () => {
      isStopped = true
      await stopAll(await started)
    },
  }
}

/** Coordinators and Overlords that the operator lists; each is asked whether it leads. @throws TypeError for no http(s) URL. */
export function listedLeaders(urls: readonly string[]): BrokerSource {
  const all = ROLES.flatMap((role) => urls.map((url) => candidate(url, role)))
  return { start: (onChange) => onChange(all), stop: () => Promise.resolve() }
}

async function stopAll(latches: readonly LeaderLatch[]): Promise<void> {
  await Promise.all(latches.map((latch) => latch.stop()))
}

function candidate(url: string, { role, readiness }: Role): BrokerAddress {
  return { ...brokerAt(url, role), readiness }
}
