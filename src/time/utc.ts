// Names of UTC.

const NAMES = new Set(['UTC', 'Etc/UTC', 'Z'])

/** Whether a zone's name is one of those under which Druid means UTC and prints it so. */
export function isUtc(name: string): boolean {
  return NAMES.has(name)
}
