// Every setting, once: its kind, its default, its line in the docs.
import { z } from 'zod'
import {
  age,
  choice,
  count,
  duration,
  flag,
  type Item,
  list,
  lowerCaseListOr,
  number,
  type Pattern,
  secret,
  size,
  text,
  textMay,
  textNeeded,
  textOr,
} from './kinds.ts'

const URLS: Item = {
  allows: isBrokerUrl,
  one: 'a URL like http://broker:8082, without path, user or password',
  many: 'URLs like http://broker:8082',
}
// RFC 9110 §5.6.2: a header's name is a token.
const NAMES: Item = {
  allows: (name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name),
  one: 'a header name',
  many: 'header names',
}
const SERVER = String.raw`(\[[0-9a-fA-F:.]+\]|[^\s,/:@[\]]+)(:\d{1,5})?`
const ENSEMBLE: Pattern = {
  matches: new RegExp(String.raw`^${SERVER}( *, *${SERVER})*(/[^\s,]*)?$`),
  allowed: '`host:port,host:port/chroot`',
}
// Redis's own way of writing one; an IPv6 address stands in brackets.
const SERVERS: Item = {
  allows: (server) => new RegExp(`^${SERVER}$`).test(server) && /:\d+$/.test(server),
  one: '`host:port`',
  many: 'servers like redis:6379',
}
const NAMESPACE: Pattern = {
  matches: /^[\w.-]{1,64}$/,
  allowed: 'up to 64 letters, digits, dots, dashes and underscores',
}
const ZNODE: Pattern = { matches: /^(\/[^\s/]+)+$/, allowed: 'a path like /druid' }
const DIGEST: Pattern = { matches: /^[^:]+:[^]+$/, allowed: '`user:password`' }
// RFC 9110 §5.5: blanks round a header's value are no part of it, and what isn't ASCII is in each client's own bytes.
const TOKEN: Pattern = {
  matches: /^[!-~]([ -~]*[!-~])?$/,
  allowed: 'visible ASCII, with spaces between',
}
const UNSEEN = {
  allows: (value: string) => /^(certificate|address|kerberos)$/i.test(value),
  one: 'certificate, address or kerberos',
  many: 'some of certificate, address and kerberos',
}
const PORT = { min: 0, max: 65_535 }

const listenTls = z.strictObject({
  cert: textNeeded('File of the certificate chain, PEM.'),
  key: textNeeded('File of its private key, PEM.'),
  clientCa: text(
    'File of the authorities of client certificates, PEM: clients are asked for one. Druid never sees it, see `identity.unseenByDruid`.',
  ),
  clientCertificate: choice(
    'Where `clientCa` is set: whether a client without a certificate is let in.',
    ['required', 'optional'],
    'required',
  ),
})

const listen = z.strictObject({
  host: textOr('Address that clients connect to.', '0.0.0.0'),
  port: count('Port that clients connect to; 0 takes a free one.', 8888, PORT),
  tls: listenTls.optional().meta({ doc: 'Serve HTTPS. Left out: plain HTTP.' }),
  maxBody: size(
    'The largest body of a SQL, native or JDBC request, also once it is inflated. Larger: 413.',
    '16MiB',
    1_024,
  ),
  allBodies: size(
    'What bodies above 64KiB may take together, from their first byte until their answers are out. More: 429.',
    '256MiB',
    1_024,
  ),
  maxConnections: count('Connections that are open at once.', 10_000, { min: 1, max: 1_000_000 }),
  headersTimeout: duration('How long the head of a request may take to arrive.', '10s', 100),
  requestTimeout: duration('How long a whole request may take to arrive.', '60s', 100),
  keepAliveTimeout: duration('How long a connection that is idle stays open.', '65s', 100),
  writeTimeout: duration('How long a client may read nothing of an answer before it is cut.', '5m', 100),
  drain: duration(
    'How long requests are still taken after SIGTERM, while `/ovate/ready` and `/status/health` say no: as long as a balancer needs to notice.',
    '0ms',
  ),
  shutdown: duration('How long running requests may go on after SIGTERM, or after `drain`.', '30s'),
})

const admin = z.strictObject({
  enabled: flag("Whether the operator's listener is there at all.", true),
  host: textOr('Its address. Anything but loopback wants a token.', '127.0.0.1'),
  port: count('Its port; 0 takes a free one.', 9888, PORT),
  token: secret('Wanted as `Authorization: Bearer …` where set.', TOKEN),
  tokenFile: text('File that holds the token.'),
})

const zookeeper = z.strictObject({
  connect: textOr('The ensemble that Druid uses.', 'localhost:2181', ENSEMBLE),
  path: textOr("Druid's `druid.zk.paths.base`.", '/druid', ZNODE),
  sessionTimeout: duration('Asked for; the ensemble has the last word.', '30s', 1_000),
  auth: secret('For digest authentication.', DIGEST),
  authFile: text('File that holds it.'),
})

const coordination = z.strictObject({
  connect: textMay('The ensemble. Left out: that of `druid.zookeeper`.', ENSEMBLE),
  path: textOr("Ovate's own znode, below which all others of its are. Not Druid's.", '/ovate', ZNODE),
  sessionTimeout: duration('Asked for; the ensemble has the last word.', '10s', 1_000),
  auth: secret("For digest authentication. Where it is set, Ovate's znodes are left to it alone.", DIGEST),
  authFile: text('File that holds it.'),
  advertise: text(
    'What other replicas are told of where this one is. Left out: the host and port that it listens on.',
  ),
})

const druidTls = z.strictObject({
  ca: text('File of the certificates to trust, PEM. Left out: those that Node trusts.'),
  cert: text('File of a client certificate, PEM.'),
  key: text('File of its private key, PEM.'),
  verify: flag("Whether Brokers' certificates are checked.", true),
})

const health = z.strictObject({
  period: duration('How often each Broker is asked whether it is well.', '1s', 50),
  timeout: duration('How long it may take to say so.', '1s', 50),
  failures: count('Probes in a row without an answer after which it counts as frozen.', 3, {
    min: 1,
    max: 100,
  }),
})

const ejection = z.strictObject({
  failures: count('Connections in a row that failed, after which a Broker gets no requests.', 3, {
    min: 1,
    max: 100,
  }),
  slowReturn: duration('How long it takes a Broker that came back to get its full share.', '10s'),
})

const management = z.strictObject({
  enabled: flag(
    'Whether `/druid/coordinator`, `/druid/indexer` and `/proxy` go to the leading Coordinator and Overlord, as with ' +
      "a Router's `druid.router.managementProxy.enabled`. false: a Broker answers them, with 404.",
    false,
  ),
  servers: list(
    'Coordinators and Overlords; which of them leads is asked. Left out: who leads is read in `druid.zookeeper`.',
    URLS,
  ),
})

const druid = z.strictObject({
  zookeeper: zookeeper
    .optional()
    .meta({ doc: 'Find Brokers through ZooKeeper. Exactly one of zookeeper, brokers and bootstrap.' }),
  brokers: list('A fixed list of Brokers.', URLS),
  bootstrap: list("Any Brokers; all others are read from the first one's `sys.servers`.", URLS),
  service: textOr("The Brokers that requests go to by default: Druid's `druid.service`.", 'druid/broker'),
  username: text("Ovate's own account: health, timelines and discovery only, never a client's query."),
  password: secret('Its password.'),
  passwordFile: text('File that holds the password.'),
  tls: druidTls.prefault({}),
  management: management.prefault({}),
  connections: count('Requests that run on one Broker at once.', 64, { min: 1, max: 10_000 }),
  queue: count('Requests that wait for a connection; more get 429.', 512, { min: 0, max: 100_000 }),
  connectTimeout: duration('How long a connection may take.', '2s', 50),
  health: health.prefault({}),
  ejection: ejection.prefault({}),
  noBrokerWait: duration('How long a request waits while no Broker is ready, before it gets 503.', '800ms'),
  defaultTimeout: duration(
    "Druid's `druid.server.http.defaultQueryTimeout`, for queries that name none.",
    '5m',
    1_000,
  ),
  readTimeout: duration(
    "How long Druid may say nothing to a request that Ovate doesn't read (native, JDBC, all other paths), as a Router's " +
      '`druid.router.http.readTimeout`. Statements have their own timeout.',
    '15m',
    10,
  ),
  minTopNThreshold: count(
    "The Brokers' and Historicals' `druid.query.topN.minTopNThreshold`: up to so many groups a topN is exact.",
    1_000,
    { min: 1, max: 100_000_000 },
  ),
})

export const MODES = ['bounded', 'strict'] as const

const freshness = z.strictObject({
  mode: choice(
    '`bounded`: answers are as old as the bounds say at most. `strict`: the timeline is asked on every request.',
    MODES,
    'bounded',
  ),
  head: duration(
    'How old an answer over data that is still arriving may be, within `cap`. 0: such answers are not kept.',
    '5s',
  ),
  cap: duration(
    'How old any answer may be, counted from the last look at the timeline, whatever `head` says.',
    '60s',
  ),
  growth: number(
    "By how many ms the bound grows from `head` for each ms of the data's age, up to `cap`.",
    0.001,
    { min: 0, max: 1 },
  ),
  lookup: age('How long an answer that read a lookup may live.', '60s'),
  schemaRefresh: age("The Brokers' `druid.sql.planner.metadataRefreshPeriod`.", '1m'),
  maxSegments: count(
    'Segments of one datasource that are followed; with more, answers live for their bound only.',
    200_000,
    { min: 1, max: 10_000_000 },
  ),
})

/** Headers by which proxies in front of Druid name a user. */
const USER_HEADERS = [
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-preferred-username',
  'x-forwarded-groups',
  'x-forwarded-access-token',
  'x-auth-request-user',
  'x-auth-request-email',
  'x-auth-request-groups',
  'x-remote-user',
  'remote-user',
  'x-druid-user',
]

const identity = z.strictObject({
  headers: lowerCaseListOr(
    'Headers that name a user, beside Authorization and Cookie: requests that differ in one of them share nothing.',
    USER_HEADERS,
    NAMES,
  ),
  secret: secret(
    'Key under which identities are hashed, the same for all replicas. Left out: a random one for each start.',
  ),
  secretFile: text('File that holds the key.'),
  recheck: age('No answer leaves the cache for an identity whose rights were last proved longer ago.', '60s'),
  policy: age('How long answers live under an identity, since row policies may change unseen.', '60s'),
  unseenByDruid: lowerCaseListOr(
    'What Druid cannot see of a client behind Ovate, and needs not by your word: a certificate that Ovate asked for, the address, Kerberos tickets for a host.',
    [],
    UNSEEN,
  ),
  maxIdentities: count('Identities whose rights are remembered.', 10_000, { min: 1, max: 10_000_000 }),
})

const sharedTls = z.strictObject({
  ca: text('File of the certificates to trust, PEM. Left out: those that Node trusts.'),
  cert: text('File of a client certificate, PEM.'),
  key: text('File of its private key, PEM.'),
  verify: flag("Whether the servers' certificates are checked.", true),
})

const shared = z.strictObject({
  mode: choice(
    '`single`: one Redis or Valkey. `sentinel`: a master that Sentinels name. `cluster`: a Redis Cluster.',
    ['single', 'sentinel', 'cluster'],
    'single',
  ),
  nodes: list('Where it is: the server, the Sentinels, or some servers of the cluster.', SERVERS),
  master: text('What the Sentinels call the master. With `sentinel` only.'),
  username: text('The ACL user. Left out: `default`.'),
  password: secret('Its password.'),
  passwordFile: text('File that holds the password.'),
  sentinelUsername: text("The Sentinels' own ACL user."),
  sentinelPassword: secret('Its password.'),
  sentinelPasswordFile: text('File that holds that password.'),
  tls: sharedTls.optional().meta({ doc: 'Connect by TLS, to Sentinels too. Left out: plain TCP.' }),
  namespace: textOr('What each key begins with: another one for each Druid cluster.', 'ovate', NAMESPACE),
  timeout: duration('How long a look-up may take; later it is a miss.', '50ms', 1),
  writeTimeout: duration('How long a write may take. No answer waits for one.', '1s', 10),
  queue: size('What may wait to be written; beyond it the oldest is dropped.', '32MiB', 1_024),
  compressAbove: size('Answers above this are compressed.', '4KiB'),
  maxEntry: size('The largest answer that is shared, before compression.', '8MiB', 1_024),
  ttl: age('How long an entry is kept at most. Whether it still holds is checked each time.', '1d', 1_000),
})

const cache = z.strictObject({
  size: size('Memory for answers.', '256MiB', 1_048_576),
  maxEntry: size('The largest answer that is kept.', '8MiB', 1_024),
  shared: shared
    .optional()
    .meta({ doc: 'What replicas share, in Redis or Valkey. Left out: each has only its own.' }),
})

const analysis = z.strictObject({
  maxSql: size('Longer statements pass.', '64KiB', 256),
  maxDepth: count('Statements nested deeper pass.', 64, { min: 4, max: 500 }),
})

const optionalDuration = (doc: string): z.ZodOptional<ReturnType<typeof duration>['def']['innerType']> =>
  duration(doc, '0ms')
    .unwrap()
    .optional()
    .meta({ ...duration(doc, '0ms').meta(), fallback: undefined })

const datasource = z.strictObject({
  accelerate: flag('false: every statement that reads it passes.', true),
  shared: flag(
    'true: identities share its answers; that each of them may read all rows of it is still checked.',
    false,
  ),
  rowPolicies: choice('`none`: you declare that no row policy restricts it.', ['unknown', 'none'], 'unknown'),
  exactDoubles: flag(
    'true: SUM and AVG of doubles are left to Druid, since added up in another order their last bits may differ.',
    false,
  ),
  freshness: z
    .strictObject({
      mode: z
        .literal(MODES, { error: MODES.join(' or ') })
        .optional()
        .meta({
          kind: 'choice',
          allowed: MODES.join(' or '),
          doc: 'As `freshness.mode`, for this datasource.',
        }),
      head: optionalDuration('As `freshness.head`, for this datasource.'),
      cap: optionalDuration('As `freshness.cap`, for this datasource.'),
    })
    .prefault({}),
})

const log = z.strictObject({
  level: choice('What is logged.', ['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'info'),
})

/** All settings. Objects are strict: a name that isn't here is a mistake. */
export const schema = z.strictObject({
  listen: listen.prefault({}).meta({ doc: "Where clients connect: Druid's own endpoints." }),
  admin: admin.prefault({}).meta({ doc: "The operator's listener: metrics, status, explain, purge." }),
  druid: druid.meta({ doc: 'The Brokers behind.' }),
  coordination: coordination.optional().meta({
    doc: 'What replicas share through ZooKeeper: who they are, live settings, purges. Left out: this one stands alone.',
  }),
  freshness: freshness.prefault({}).meta({ doc: 'How old answers may be.' }),
  identity: identity.prefault({}).meta({ doc: 'Who is told apart, and what each may see.' }),
  cache: cache.prefault({}).meta({ doc: 'What is kept in memory.' }),
  analysis: analysis.prefault({}).meta({ doc: 'What is read of statements.' }),
  datasources: z
    .record(z.string().min(1), datasource)
    .default({})
    .meta({ doc: 'What is declared of single datasources, by name. In the file only.' }),
  log: log.prefault({}).meta({ doc: 'The log, one JSON object a line, on stderr.' }),
})

function isBrokerUrl(value: string): boolean {
  if (!/^https?:\/\/[^\s/?#@]+\/?$/.test(value)) return false
  return URL.canParse(value)
}
