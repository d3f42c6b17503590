// Whether Druid tells users apart by something that doesn't reach it through Ovate.
import { type Config } from '../config/config.ts'
import { type Druid } from '../druid/druid.ts'
import { type CheckLine } from './check-steps.ts'
import { askedAsOwn } from './own-account.ts'

type Unseen = Config['identity']['unseenByDruid'][number]

const PATH = '/status/properties'

/** Types of `druid.auth.authenticator.NAME.type` (33.0.0) that see what is Ovate's own behind it. */
const LOST: ReadonlyMap<string, { readonly what: Unseen; readonly why: string }> = new Map([
  [
    'trustedDomain',
    {
      what: 'address',
      why: "by their address: behind Ovate all have Ovate's, or the one that they claim in X-Forwarded-For",
    },
  ],
  [
    'kerberos',
    {
      what: 'kerberos',
      why: "by tickets for the Broker's own host, which clients of Ovate don't get",
    },
  ],
])

/** These look at Authorization and cookies alone, or at nothing. */
const PLAIN = new Set(['allowAll', 'anonymous', 'basic', 'pac4j'])

/** What a Broker's authenticators are, if Ovate's own account may ask. */
export type Authenticators =
  | { readonly kind: 'known'; readonly lines: readonly CheckLine[] }
  /** The account may not look, or what it saw isn't understood. */
  | { readonly kind: 'hidden'; readonly line: CheckLine }

/** What a Broker says of its authenticators. @throws OvateError when none could be asked; the signal's reason. */
export async function readAuthenticators(
  config: Config,
  druid: Pick<Druid, 'send'>,
  signal: AbortSignal,
): Promise<Authenticators> {
  const { status, text } = await askedAsOwn(PATH, { config, druid }, signal)
  const types = status === 200 ? typesIn(text) : undefined
  if (types !== undefined) return { kind: 'known', lines: types.map((type) => lineOf(type, config)) }
  const why = status === 200 ? 'is not understood' : `was refused (${status})`
  const doubt = 'whether Druid tells users apart by address or Kerberos is not known'
  return { kind: 'hidden', line: { level: 'warn', text: `GET ${PATH} ${why}: ${doubt}` } }
}

/** The same, one line for each thing. Never throws. */
export async function authenticatorLines(
  config: Config,
  druid: Pick<Druid, 'send'>,
  signal: AbortSignal,
): Promise<readonly CheckLine[]> {
  try {
    const read = await readAuthenticators(config, druid, signal)
    return read.kind === 'known' ? read.lines : [read.line]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return [{ level: 'warn', text: `GET ${PATH} failed: ${why}` }]
  }
}

function lineOf(type: string, { identity }: Config): CheckLine {
  const lost = LOST.get(type)
  if (lost === undefined) {
    const others = PLAIN.has(type) ? '' : '; headers that it reads belong into identity.headers'
    return { level: 'ok', text: `Druid knows users by its authenticator ${type}${others}` }
  }
  const { what, why } = lost
  const isTold = identity.unseenByDruid.includes(what)
  const told = isTold ? `, as identity.unseenByDruid says` : `; see identity.unseenByDruid`
  return { level: isTold ? 'warn' : 'fail', text: `Druid (${type}) tells users apart ${why}${told}` }
}

/** Types of the chain, in order; an authenticator without one is of the type that it is named after. */
function typesIn(text: string): readonly string[] | undefined {
  try {
    const properties = JSON.parse(text) as Readonly<Record<string, unknown>>
    const chain: unknown = JSON.parse(textOf(properties['druid.auth.authenticatorChain']) ?? '["allowAll"]')
    if (!Array.isArray(chain)) return undefined
    return chain.map((name) => textOf(properties[`druid.auth.authenticator.${name}.type`]) ?? String(name))
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
