// `ovate check` on certificates: whether they can be used, and hold today.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Clock, systemClock } from '../clock.ts'
import { type Config } from '../config/config.ts'
import { type CheckLine } from './check-steps.ts'
import { listenerCertificates } from './listeners.ts'

/** The files of HTTPS; plain HTTP needs none. */
export function listenerLines(config: Config, clock: Pick<Clock, 'now'> = systemClock): readonly CheckLine[] {
  try {
    const cert = listenerCertificates(config)?.current().cert
    if (cert === undefined) return []
    const usable: CheckLine = { level: 'ok', text: 'listen.tls: the certificate and its key can be used' }
    return [untimely('listen.tls.cert', cert, clock) ?? usable]
  } catch (error) {
    return [{ level: 'fail', text: error instanceof Error ? error.message : String(error) }]
  }
}

/** What Brokers are shown: nothing to say while it holds. @throws Error for a file that can't be used. */
export function ownCertificateLines(
  { druid: { tls } }: Config,
  clock: Pick<Clock, 'now'> = systemClock,
): readonly CheckLine[] {
  const line = tls.cert === undefined ? undefined : untimely('druid.tls.cert', readFileSync(tls.cert), clock)
  return line === undefined ? [] : [line]
}

// Node takes it whatever its dates are: the other side is who refuses it.
function untimely(setting: string, cert: Buffer, clock: Pick<Clock, 'now'>): CheckLine | undefined {
  const { validFrom, validTo } = new X509Certificate(cert)
  const why =
    clock.now() > Date.parse(validTo)
      ? `expired on ${validTo}`
      : clock.now() < Date.parse(validFrom)
        ? `is not valid before ${validFrom}`
        : undefined
  if (why === undefined) return undefined
  return { level: 'warn', text: `${setting}: the certificate ${why}: who checks it refuses it` }
}
