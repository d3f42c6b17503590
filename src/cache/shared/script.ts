// How an entry is stored: compared where it lies, in one step, so that an older one never replaces a newer.
import { createHash } from 'node:crypto'

/**
 * KEYS[1]: the key. ARGV[1]: the entry (codec.ts). ARGV[2]: for how many ms. Gives 1 when it was stored, 0 when a newer
 * one lies there. What can't be read is replaced, and so is what began at the same time. The time stands there twice:
 * were a byte of a single one turned, its entry could seem to be from the future, and none would replace it.
 */
export const STORE = `
local new = ARGV[1]
local held = redis.pcall('GETRANGE', KEYS[1], 0, 23)
if type(held) == 'string' and #held == 24 and string.sub(held, 1, 5) == string.sub(new, 1, 5)
  and string.sub(held, 9, 16) == string.sub(held, 17, 24)
  and struct.unpack('>d', held, 9) > struct.unpack('>d', new, 9) then
  return 0
end
redis.call('SET', KEYS[1], new, 'PX', ARGV[2])
return 1
`

export const STORE_SHA = createHash('sha1').update(STORE).digest('hex')
