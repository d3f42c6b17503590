// Datasources as names of znodes, and the names that no datasource has.
import { OvateError } from '../errors.ts'

/** What is said of all datasources. */
export const FOR_ALL = '*'

const NAME_MAX_BYTES = 256
/** `encodeURIComponent` leaves these alone; `.` and `..` are no names of znodes, and `*` and `!` are ours. */
const LEFT = /[.!*'()~]/g

/**
 * The znode of a datasource; undefined stands for all of them.
 * @throws OvateError OVATE_BAD_REQUEST for what can be no datasource's name.
 */
export function znodeName(datasource: string | undefined): string {
  if (datasource === undefined) return FOR_ALL
  const bytes = Buffer.byteLength(datasource)
  if (bytes === 0 || bytes > NAME_MAX_BYTES)
    throw new OvateError('OVATE_BAD_REQUEST', `a datasource's name has 1 to ${NAME_MAX_BYTES} bytes`)
  try {
    return encodeURIComponent(datasource).replaceAll(
      LEFT,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    )
  } catch (cause) {
    throw new OvateError('OVATE_BAD_REQUEST', "a datasource's name is no text", { cause })
  }
}

/** The datasource of a znode; undefined for a name that `znodeName` doesn't give to one. */
export function datasourceOf(name: string): string | undefined {
  try {
    const datasource = decodeURIComponent(name)
    return znodeName(datasource) === name ? datasource : undefined
  } catch {
    return undefined
  }
}
