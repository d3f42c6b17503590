// `ovate check`: tries a configuration against the Druid that it names.
import { type Config } from '../config/config.ts'
import { type BrokerStatus, type Druid } from '../druid/druid.ts'
import { accountLines } from './check-account.ts'
import { listenerLines, ownCertificateLines } from './check-certificates.ts'
import { coordinationLines } from './check-coordination.ts'
import { authenticatorLines } from './check-identity.ts'
import { type CheckLine, WAIT_MS, waited } from './check-steps.ts'
import { sharedCacheLines } from './check-shared-cache.ts'
import { connectDruid, type DruidConnection } from './connect.ts'

/** A clock known less well than this, or off by more, costs the sharing of statements about now. */
const CLOCK_WARN_MS = 2_000

/** One line for each thing that was tried. @throws OvateError OVATE_CONFIG for what can't be tried at all. */
export async function checkSetup(config: Config, signal: AbortSignal): Promise<readonly CheckLine[]> {
  const listener = listenerLines(config)
  let searchFailure: string | undefined
  const connection = connectDruid(config, (event, { cause }) => {
    if (event === 'discovery-failed' && typeof cause === 'string') searchFailure = cause
  })
  const { druid } = connection
  try {
    const brokers = await readyBrokers(druid, signal)
    const found = brokers.length === 0 ? [noBroker(druid, searchFailure)] : brokers.flatMap(brokerLines)
    // Side by side: what hangs takes no time from the others.
    const others = await Promise.all([
      brokers.length === 0 ? [] : accountLines(config, druid, signal),
      brokers.length === 0 ? [] : authenticatorLines(config, druid, signal),
      leaderLines(connection, signal),
      coordinationLines(config, signal),
      sharedCacheLines(config, signal),
    ])
    return [...listener, ...ownCertificateLines(config), ...found, ...others.flat(), ...identityLines(config)]
  } finally {
    await connection.close()
  }
}

async function readyBrokers(druid: Druid, signal: AbortSignal): Promise<readonly BrokerStatus[]> {
  const isReady = (brokers: readonly BrokerStatus[]): boolean =>
    brokers.length > 0 && brokers.every(({ state }) => state === 'ready')
  await waited(() => isReady(druid.brokers()), signal)
  return druid.brokers()
}

function noBroker({ defaultService }: Druid, why: string | undefined): CheckLine {
  const text = `no Broker of ${defaultService} was found within ${WAIT_MS} ms`
  return { level: 'fail', text: why === undefined ? text : `${text}: ${why}` }
}

function brokerLines({
  id,
  service,
  state,
  version,
  probeFailure,
  clock,
}: BrokerStatus): readonly CheckLine[] {
  if (state !== 'ready') {
    const why = probeFailure ?? "it doesn't answer"
    return [{ level: 'fail', text: `Broker ${id} (${service}) is ${state}: ${why}` }]
  }
  const off = Math.abs(clock?.offsetMs ?? 0)
  const known = version === undefined ? 'version not known' : `version ${version}`
  return [
    { level: 'ok', text: `Broker ${id} (${service}) is ready, ${known}` },
    ...(off > CLOCK_WARN_MS
      ? [{ level: 'warn' as const, text: `the clock of Broker ${id} is off by ${off} ms` }]
      : []),
  ]
}

async function leaderLines(
  { management }: DruidConnection,
  signal: AbortSignal,
): Promise<readonly CheckLine[]> {
  if (management === undefined) return []
  const roles = ['coordinator', 'overlord'] as const
  await waited(() => roles.every((role) => management.leaderOf(role) !== undefined), signal)
  return roles.map((role) => {
    const url = management.leaderOf(role)
    return url === undefined
      ? { level: 'fail', text: `druid.management: no ${role} says that it leads` }
      : { level: 'ok', text: `druid.management: the leading ${role} is ${url}` }
  })
}

function identityLines({ identity }: Config): readonly CheckLine[] {
  if (identity.secret !== undefined) return []
  const text = 'identity.secret is not set: identities are hashed under a random key, new with each start'
  return [{ level: 'warn', text }]
}
