// Certificates as their files have them: read again by and by, so that new ones hold without a restart. What is no good
// takes no good one's place.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { type Clock } from '../clock.ts'
import { OvateError } from '../errors.ts'

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

export interface Certificates {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

export interface CertificatesOptions {
  /** The section of the configuration that names the files, for whoever has to mend it. */
  readonly setting: string
  readonly files: CertificateFiles
  readonly clock: Clock
  /** Told of new ones. */
  readonly onNew: (certificates: Certificates) => void
  /** Told once of files that can't be used; what was read before holds on. */
  readonly onBad: (why: string) => void
}

/** Between two looks at the files, ms. */
export const LOOK_MS = 5_000

export class WatchedCertificates {
  readonly #options: CertificatesOptions
  readonly #stop = new AbortController()
  #current: Certificates
  #running: Promise<void> = Promise.resolve()
  #complaint = ''

  /** @throws OvateError OVATE_CONFIG for files that can't be read or used. */
  constructor(options: CertificatesOptions) {
    this.#options = options
    this.#current = firstOf(options)
  }

  /** The same object until there are new ones. */
  readonly current = (): Certificates => this.#current

  /** Without files there is nothing to look at, and no timer. */
  start(): void {
    if (Object.values(this.#options.files).every((path) => path === undefined)) return
    this.#running = this.#watch(this.#stop.signal).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error
    })
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#running
  }

  async #watch(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#options.clock.sleep(LOOK_MS, signal)
      await this.#look(signal)
    }
  }

  // A certificate and its key are two files: between the writes of both they don't fit, and the next look sees that they do.
  async #look(signal: AbortSignal): Promise<void> {
    const { files, onNew, onBad } = this.#options
    try {
      const read = async (path: string): Promise<Buffer> => await readFile(path, { signal })
      const found = {
        ...(files.ca !== undefined && { ca: await read(files.ca) }),
        ...(files.cert !== undefined && { cert: await read(files.cert) }),
        ...(files.key !== undefined && { key: await read(files.key) }),
      }
      const isNew = !isSame(found, this.#current)
      if (isNew) this.#current = usable(found)
      this.#complaint = ''
      if (isNew) onNew(this.#current)
    } catch (error) {
      signal.throwIfAborted()
      const why = error instanceof Error ? error.message : String(error)
      if (why !== this.#complaint) onBad(why)
      this.#complaint = why
    }
  }
}

function firstOf({ setting, files: { ca, cert, key } }: CertificatesOptions): Certificates {
  try {
    return usable({
      ...(ca !== undefined && { ca: readFileSync(ca) }),
      ...(cert !== undefined && { cert: readFileSync(cert) }),
      ...(key !== undefined && { key: readFileSync(key) }),
    })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new OvateError('OVATE_CONFIG', `${setting}: the files can't be used: ${why}`, { cause })
  }
}

function isSame(a: Certificates, b: Certificates): boolean {
  const names = ['ca', 'cert', 'key'] as const
  return names.every((name) => (a[name] ?? Buffer.alloc(0)).equals(b[name] ?? Buffer.alloc(0)))
}

/** @throws Error for what is no certificate, and for a key that isn't the certificate's. */
function usable(certificates: Certificates): Certificates {
  createSecureContext(certificates)
  // Node takes any bytes as authorities, and trusts nobody then.
  if (certificates.ca !== undefined) void new X509Certificate(certificates.ca).subject
  return certificates
}
