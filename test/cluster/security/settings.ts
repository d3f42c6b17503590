// What makes a cluster one that knows users: Druid's settings, the file of rights, and the Broker's certificate.
import { execFile } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { druidJars } from '../artifacts.ts'

/** What one may do. */
export interface User {
  /** `header: value` by which Druid knows the user: `authorization`, `cookie` or `x-forwarded-user`. */
  readonly known: readonly string[]
  /** Everything. */
  readonly all?: boolean
  /** One of Druid's own processes. */
  readonly internal?: boolean
  /** Datasources. */
  readonly read?: readonly string[]
  /** A native filter by datasource: the rows that are seen. */
  readonly policies?: Readonly<Record<string, object>>
  /** Keys of a query's context that may be set; `*`: any. */
  readonly contextKeys?: readonly string[]
}

export type Users = Readonly<Record<string, User>>

const run = promisify(execFile)
const OPERATOR = { name: 'operator', password: 'operator-password' }
const INTERNAL = { name: 'druid', password: 'druid-password' }
const STORE_PASSWORD = 'of-a-test'

/** Of whoever may do anything: the tests that load data. */
export const OPERATOR_AUTHORIZATION = basic(OPERATOR.name, OPERATOR.password)

/** The value of `Authorization`. */
export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

/** The URL by which the one who may do anything asks. */
export function withOperator(url: string): string {
  return url.replace('://', `://${OPERATOR.name}:${OPERATOR.password}@`)
}

/** Druid's properties; the authorizer and the authenticator are those of the extension beside this file. */
export function securitySettings(dir: string): string {
  const file = rightsFile(dir)
  return `druid.auth.authenticatorChain=["rights"]
druid.auth.authenticator.rights.type=rights
druid.auth.authenticator.rights.file=${file}
druid.auth.authorizers=["rights"]
druid.auth.authorizer.rights.type=rights
druid.auth.authorizer.rights.file=${file}
druid.escalator.type=rights
druid.escalator.user=${INTERNAL.name}
druid.escalator.password=${INTERNAL.password}
druid.auth.authorizeQueryContextParams=true`
}

/** Druid's properties of a TLS port beside the plain one, which wants a certificate of its clients. */
export function tlsSettings(dir: string, port: number): string {
  const store = (name: string): string => `druid.server.https.${name}`
  return `druid.enableTlsPort=true
druid.tlsPort=${port}
${store('keyStorePath')}=${keyStore(dir)}
${store('keyStoreType')}=PKCS12
${store('keyStorePassword')}=${STORE_PASSWORD}
${store('certAlias')}=broker
${store('requireClientCertificate')}=true
${store('trustStorePath')}=${trustStore(dir)}
${store('trustStoreType')}=PKCS12
${store('trustStorePassword')}=${STORE_PASSWORD}
${store('validateHostnames')}=false`
}

/** The certificate of the Broker's TLS port, which is its own authority. */
export function brokerCertificate(dir: string): string {
  return join(dir, 'broker.crt')
}

/** Says who may do what, from the next question on; the one who may do anything and Druid itself are always there. */
export function setUsers(dir: string, users: Users): void {
  const internal = known(basic(INTERNAL.name, INTERNAL.password))
  const all: Users = {
    ...users,
    [OPERATOR.name]: { known: [known(OPERATOR_AUTHORIZATION)], all: true },
    [INTERNAL.name]: { known: [internal], all: true, internal: true },
  }
  const file = rightsFile(dir)
  writeFileSync(`${file}.part`, JSON.stringify({ users: all }))
  // Druid reads it at any moment: never half of it.
  renameSync(`${file}.part`, file)
}

/** Before the first start of a cluster. */
export async function prepareSecurity(dir: string, signal: AbortSignal): Promise<void> {
  setUsers(dir, {})
  const { java } = await druidJars(signal)
  const keytool = (args: readonly string[]): Promise<unknown> =>
    run(java.replace(/java$/, 'keytool'), [...args, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD], {
      signal,
    })
  const names = 'SAN=IP:127.0.0.1,DNS:localhost'
  const pair = [
    '-genkeypair',
    '-alias',
    'broker',
    '-keyalg',
    'EC',
    '-validity',
    '3650',
    '-dname',
    'CN=broker',
  ]
  await keytool([...pair, '-ext', names, '-keystore', keyStore(dir)])
  const written = ['-exportcert', '-rfc', '-alias', 'broker', '-file', brokerCertificate(dir)]
  await keytool([...written, '-keystore', keyStore(dir)])
  const clients = join(import.meta.dirname, '../../fixtures/tls/ca.crt')
  const trusted = ['-importcert', '-noprompt', '-alias', 'clients', '-file', clients]
  await keytool([...trusted, '-keystore', trustStore(dir)])
}

function known(authorization: string): string {
  return `authorization: ${authorization}`
}

function rightsFile(dir: string): string {
  return join(dir, 'rights.json')
}

function keyStore(dir: string): string {
  return join(dir, 'broker.p12')
}

function trustStore(dir: string): string {
  return join(dir, 'clients.p12')
}
