// A kept answer, whole, in the form that a client wants.
import { OvateError } from '../errors.ts'
import { type WireFormat } from './format.ts'
import { isKeptForm, Transcoder } from './transcoder.ts'

/**
 * The client's bytes; the kept bytes themselves when that is the form it wants.
 * @throws OvateError OVATE_INTERNAL when `kept` is no complete answer: such are never kept.
 */
export function render(kept: Buffer, wire: WireFormat): Buffer {
  if (isKeptForm(wire)) return kept
  const transcoder = new Transcoder(wire)
  const body = transcoder.write(kept)
  const { complete, tail } = transcoder.end()
  if (!complete) throw new OvateError('OVATE_INTERNAL', 'an answer that is not complete was kept')
  return tail.length === 0 ? body : Buffer.concat([body, tail])
}
