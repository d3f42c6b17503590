// The command line of `ovate verify`, read into what it asks and whom.
import { readFileSync } from 'node:fs'
import { type Config } from '../../config/config.ts'
import { OvateError } from '../../errors.ts'
import { credentialIn } from '../credential.ts'
import { type VerifyOptions } from '../verify.ts'
import { httpSide } from './side.ts'
import { readStatements } from './statements.ts'

/** As the command line has them. */
export interface VerifyArguments {
  readonly sql: string
  readonly rounds: number
  readonly ovate?: string
  readonly druid?: string
  /** The name of an environment variable. */
  readonly authorization?: string
  readonly concurrency: number
  /** Seconds. */
  readonly timeout: number
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * `config` is what the user named; undefined: none.
 * @throws OvateError OVATE_CONFIG for what can't be read or is not there.
 */
export function verifyOptions(
  given: VerifyArguments,
  { config, environment }: { readonly config: Config | undefined; readonly environment: Environment },
): Omit<VerifyOptions, 'nowMs'> {
  const authorization = authorizationOf(given.authorization, environment)
  const druid = given.druid ?? config?.druid.brokers?.[0] ?? config?.druid.bootstrap?.[0]
  if (druid === undefined) throw mistake('--druid URL: nothing says where Druid is')
  const common = { authorization, timeoutMs: given.timeout * 1_000 }
  return {
    statements: readStatements(textOf(given.sql)),
    rounds: given.rounds,
    concurrency: given.concurrency,
    ovate: httpSide({ ...common, url: urlOf('--ovate', given.ovate ?? listenUrl(config)) }),
    druid: httpSide({ ...common, url: urlOf('--druid', druid) }),
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new OvateError('OVATE_CONFIG', `--sql: ${file} can't be read`, { cause: error })
  }
}

function authorizationOf(variable: string | undefined, environment: Environment): string | undefined {
  if (variable === undefined) return undefined
  if (!/^\w+$/.test(variable))
    throw mistake(
      '--authorization wants the name of an environment variable: what it holds must not be seen in a list of processes',
    )
  const value = environment[variable]
  if (value === undefined || value === '')
    throw mistake(`--authorization: the variable ${variable} is not set`)
  return credentialIn(value, '--authorization')
}

const LOCAL_PORT = 8888
const ANY_ADDRESS = new Set(['0.0.0.0', '::', '[::]'])

/** Where an Ovate of this configuration listens, seen from its own machine. */
function listenUrl(config: Config | undefined): string {
  if (config === undefined) return `http://127.0.0.1:${LOCAL_PORT}`
  const { host, port, tls } = config.listen
  const name = ANY_ADDRESS.has(host) ? '127.0.0.1' : host
  return `${tls === undefined ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

function urlOf(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain =
    url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === ''
  if (!isPlain || url.username !== '' || url.password !== '')
    throw mistake(`${option}: a URL like http://broker:8082, without path, user or password`)
  return url.origin
}

function mistake(message: string): OvateError {
  return new OvateError('OVATE_CONFIG', message)
}
