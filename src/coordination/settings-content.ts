// What a znode of live settings holds: the settings as they were written, and the last changes of them.
import { OvateError } from '../errors.ts'

/** One change: `settings` as they were from then on; null: none. */
export interface Change {
  /** ISO 8601. */
  readonly at: string
  readonly by: string
  readonly settings: unknown
}

export interface SettingsContent {
  /** As they were written; null: none, so that what was set before is found among the changes. */
  readonly settings: unknown
  /** The newest first; the first is that which brought these settings. */
  readonly changes: readonly Change[]
}

const FORMAT = 1
/** Of one znode. Changes that don't fit are left out, the oldest first. */
const CONTENT_MAX_BYTES = 65_536
/** Of the settings alone: so that more than ten changes fit always. */
const SETTINGS_MAX_BYTES = 4_096
const CHANGES_MAX = 20
const BY_MAX_BYTES = 256

/** What a znode that was made and not yet filled holds. */
const NOTHING: SettingsContent = { settings: null, changes: [] }

/** @throws OvateError OVATE_ZOOKEEPER for what was written by nobody who knows this form. */
export function readContent(data: Buffer): SettingsContent {
  if (data.length === 0) return NOTHING
  if (data.length > CONTENT_MAX_BYTES) throw bad(`more than ${CONTENT_MAX_BYTES} bytes`)
  let content: unknown
  try {
    content = JSON.parse(data.toString())
  } catch (cause) {
    throw bad('no JSON', cause)
  }
  if (typeof content !== 'object' || content === null || !('settings' in content)) throw bad('no settings')
  const { format, settings, changes } = content as Record<string, unknown>
  if (format !== FORMAT) throw bad(`written in format ${JSON.stringify(format)}, ${FORMAT} is known`)
  return { settings, changes: Array.isArray(changes) ? changes.filter(isChange) : [] }
}

/** The content after a change. @throws OvateError OVATE_BAD_REQUEST for more than may be. */
export function writeContent(change: Change, before: readonly Change[]): Buffer {
  const by = clipped(change.by, BY_MAX_BYTES)
  const { settings } = change
  if (Buffer.byteLength(JSON.stringify(settings)) > SETTINGS_MAX_BYTES)
    throw new OvateError('OVATE_BAD_REQUEST', `settings of more than ${SETTINGS_MAX_BYTES} bytes`)
  let changes = [{ ...change, by }, ...before].slice(0, CHANGES_MAX)
  for (;;) {
    const data = Buffer.from(JSON.stringify({ format: FORMAT, settings, changes }))
    if (data.length <= CONTENT_MAX_BYTES) return data
    changes = changes.slice(0, -1)
  }
}

function clipped(text: string, maxBytes: number): string {
  // A character that was cut in two is no character.
  return Buffer.from(text).subarray(0, maxBytes).toString().replaceAll('\uFFFD', '')
}

function isChange(value: unknown): value is Change {
  const { at, by } = (value ?? {}) as Record<string, unknown>
  return typeof at === 'string' && typeof by === 'string'
}

function bad(why: string, cause?: unknown): OvateError {
  return new OvateError('OVATE_ZOOKEEPER', `settings that can't be read: ${why}`, { cause })
}
