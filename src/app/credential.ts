// A credential that the command line names by the environment variable that holds it.
import { OvateError } from '../errors.ts'

/**
 * The credential that `held` is, without the line's end that files of secrets have. What no header carries as it is
 * (RFC 9110 §5.5: of other characters than visible ASCII and spaces each program makes its own) is refused before fetch
 * does, whose message repeats it.
 * @throws OvateError OVATE_CONFIG.
 */
export function credentialIn(held: string, option: string): string {
  const credential = held.trim()
  if (/^[\x20-\x7e]+$/.test(credential)) return credential
  const message = `${option}: what the variable holds is not one line of ASCII (base64 -w 0 makes one line)`
  throw new OvateError('OVATE_CONFIG', message)
}
