// A whole result, kept once and free of format, with the forms that were asked for ready to send.
import { gzip } from 'node:zlib'
import { promisify } from 'node:util'
import { ENTRY_OVERHEAD_BYTES } from '../cache/memory.ts'
import { type Proof } from '../freshness/proof.ts'
import { type WireFormat } from '../result/format.ts'
import { render } from '../result/render.ts'
import { type Outcome } from './outcome.ts'

const compress = promisify(gzip)
const GZIP_LEVEL = 1
const RENDERING_OVERHEAD_BYTES = 700
export const WHOLE = 'whole'

export interface Rendering {
  readonly plain: Buffer
  /** Ready once it was asked for before. */
  gzip: Buffer | undefined
  compressing: boolean
}

export class Entry {
  /** Druid's bytes: array format with names, native types and SQL types. */
  readonly kept: Buffer
  /** Response headers that belong to the result (ETag, X-Druid-Response-Context …), names and values in turn. */
  readonly headers: readonly string[]
  readonly tables: readonly string[]
  readonly service: string
  /** What is told of it when it is given again. */
  readonly hit: Outcome
  /** Undefined until it is made: till then only the flight's own waiters get this answer. */
  proof: Proof | undefined
  readonly #renderings = new Map<string, Rendering>()
  #renderedBytes = 0

  /** `detail`: what its answer was put together from. */
  constructor(given: Pick<Entry, 'kept' | 'headers' | 'tables' | 'service'>, detail = WHOLE) {
    this.kept = given.kept
    this.headers = given.headers
    this.tables = given.tables
    this.service = given.service
    this.hit = { kind: 'hit', detail }
    this.proof = undefined
  }

  get sizeBytes(): number {
    return this.kept.length + this.#renderedBytes + ENTRY_OVERHEAD_BYTES
  }

  /** Hot: a hit passes here. The bytes for a client, made when first asked for. */
  rendering(wire: WireFormat): Rendering {
    const key = renderingKey(wire)
    const known = this.#renderings.get(key)
    if (known !== undefined) return known
    const rendering = { plain: render(this.kept, wire), gzip: undefined, compressing: false }
    this.#renderings.set(key, rendering)
    // The kept bytes themselves are the rendering of the form that is kept.
    this.#renderedBytes +=
      (rendering.plain === this.kept ? 0 : rendering.plain.length) + RENDERING_OVERHEAD_BYTES
    return rendering
  }

  /** Compresses a rendering away from the thread that serves; true when the entry grew by it. */
  async compress(rendering: Rendering): Promise<boolean> {
    if (rendering.compressing) return false
    rendering.compressing = true
    const bytes = await compress(rendering.plain, { level: GZIP_LEVEL })
    rendering.gzip = bytes
    this.#renderedBytes += bytes.length + RENDERING_OVERHEAD_BYTES
    return true
  }
}

function renderingKey({ resultFormat, header, typesHeader, sqlTypesHeader }: WireFormat): string {
  return `${resultFormat}${header ? 'h' : ''}${typesHeader ? 't' : ''}${sqlTypesHeader ? 's' : ''}`
}
