// Whether Druid tells users apart by something that doesn't reach it through Ovate.
import { type Config } from '../config/config.ts'
import { type Druid } from '../druid/druid.ts'
import { type CheckLine } from './check-steps.ts'
import { ownAuthorization } from './own-account.ts'

type Unseen = Config['identity']['unseenByDruid'][number]

const PATH = '/status/properties'
const MAX_BYTES = 4_000_000

/** Types of `druid.auth.authenticator.NAME.type` (33.0.0) that see what is Ovate's own behind it. */
const LOST: Readonly<Record<string, { readonly what: Unseen; readonly why: string }>> = {
  trustedDomain: {
    what: 'address',
    why: "by their address: behind Ovate all have Ovate's, or the one that they claim in X-Forwarded-For",
  },
  kerberos: {
    what: 'kerberos',
    why: "by tickets for the Broker's own host, which clients of Ovate don't get",
  },
}

/** What a Broker says of its authenticators, if Ovate's own account may ask. Never throws. */
export async function authenticatorLines(
  config: Config,
  druid: Druid,
  signal: AbortSignal,
): Promise<readonly CheckLine[]> {
  const names = await authenticators(config, druid, signal).catch(() => undefined)
  if (names === undefined) {
    const text = `GET ${PATH} was refused: whether Druid tells users apart by address or Kerberos is not known`
    return [{ level: 'warn', text }]
  }
  return names.map((name) => {
    const lost = LOST[name]
    if (lost === undefined) return { level: 'ok', text: `Druid knows users by its authenticator ${name}` }
    const { what, why } = lost
    const isTold = config.identity.unseenByDruid.includes(what)
    const told = isTold ? `, as identity.unseenByDruid says` : `; see identity.unseenByDruid`
    return { level: isTold ? 'warn' : 'fail', text: `Druid (${name}) tells users apart ${why}${told}` }
  })
}

/** Types of the chain, in order. */
async function authenticators(
  config: Config,
  druid: Druid,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const authorization = ownAuthorization(config)
  const headers = authorization === undefined ? [] : ['authorization', authorization]
  const get = { method: 'GET', path: PATH, headers, body: undefined }
  const answer = await druid.send({ ...get, service: undefined, repeatable: true, cancel: undefined }, signal)
  let text = ''
  for await (const chunk of answer.body) if (text.length < MAX_BYTES) text += String(chunk)
  if (answer.status !== 200) return undefined
  const properties = JSON.parse(text) as Readonly<Record<string, string>>
  const chain = JSON.parse(properties['druid.auth.authenticatorChain'] ?? '["allowAll"]') as readonly string[]
  return chain.map((name) => properties[`druid.auth.authenticator.${name}.type`] ?? name)
}
