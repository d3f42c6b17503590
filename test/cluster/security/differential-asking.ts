// The users of the differential test: their rights and row policies are drawn at random, and drawn anew as moves.
import { type Cluster } from '../cluster.ts'
import { type Asking } from '../differential-world.ts'
import { type Random, randomOf } from '../random.ts'
import { brokerOf } from './secure.ts'
import { basic, OPERATOR_AUTHORIZATION, setUsers, type User } from './settings.ts'

const RECHECK_MS = 1_000
const POLICY_MS = 2_000
/** Past each of Ovate's bounds. */
const PAST_BOUND_MS = 2_750
/** Tasks take seconds, rights none. */
const RIGHTS = Array.from({ length: 11 }, () => 'rights' as const)
const OWN = { username: 'ovate', password: 'password-of-ovate' }

const IDENTITIES = [
  `authorization: ${basic('alice', 'a')}`,
  'cookie: session=of-bob',
  'x-forwarded-user: carol',
  `authorization: ${basic('dave', 'd')}`,
] as const

/** `own`: each user sees rows of his own. `shared`: the datasource is declared so, and row policies come over it all the same. */
export type Sight = 'own' | 'shared'

/** Everybody may see something else, and what changes most are rights. */
export function askingOf(cluster: Cluster, sight: Sight): Asking {
  return {
    changes: ['rights', ...RIGHTS, 'append', 'late rows'],
    identities: IDENTITIES,
    isCrowd: true,
    pace: { change: 0.06, time: 0.01 },
    settings: [],
    broker: brokerOf(cluster),
    ovate: (table) => ({
      druid: { brokers: [brokerOf(cluster)], ...OWN },
      identity: { secret: 'of-all-replicas', recheck: `${RECHECK_MS}ms`, policy: `${POLICY_MS}ms` },
      ...(sight === 'shared' && { datasources: { [table]: { shared: true, rowPolicies: 'none' } } }),
    }),
    headers: { authorization: OPERATOR_AUTHORIZATION },
    pastBoundMs: PAST_BOUND_MS,
    setRights: (table, draw) => {
      const random = randomOf(draw)
      const users = IDENTITIES.map(
        (known, at) => [`user${at}`, randomUser(random, known, { table, sight })] as const,
      )
      const ovate = { known: [`authorization: ${basic(OWN.username, OWN.password)}`], read: [table] }
      setUsers(cluster.dir, { ...Object.fromEntries(users), ovate })
    },
  }
}

function randomUser(
  random: Random,
  known: string,
  { table, sight }: { readonly table: string; readonly sight: Sight },
): User {
  const base = { known: [known], contextKeys: ['*'] }
  const luck = random.next()
  if (luck < 0.15) return base
  const free = { ...base, read: [table] }
  // What is shared at all is shared by those who are free.
  return luck < (sight === 'shared' ? 0.7 : 0.35)
    ? free
    : { ...free, policies: { [table]: randomFilter(random) } }
}

function randomFilter(random: Random): object {
  const luck = random.next()
  if (luck < 0.3) {
    const matchValue = random.pick(['US', 'DE', 'FR', 'XX'])
    return { type: 'equals', column: 'country', matchValueType: 'STRING', matchValue }
  }
  if (luck < 0.5) return { type: 'null', column: 'city' }
  if (luck < 0.7) {
    const upper = random.pick([5, 50, 500])
    return { type: 'range', column: 'added', matchValueType: 'LONG', upper, upperOpen: true }
  }
  if (luck < 0.85) return { type: 'not', field: randomFilter(random) }
  return { type: random.pick(['and', 'or']), fields: [randomFilter(random), randomFilter(random)] }
}
