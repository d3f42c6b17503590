// What becomes of a text or of bytes by a few random accidents.
import { type Random } from '../cluster/random.ts'

const ACCIDENTS = ['drop', 'repeat', 'swap', 'insert', 'replace', 'cut', 'flip'] as const

/** Up to four accidents; `pieces` are what is put in. */
export function mutated(bytes: Buffer, random: Random, pieces: readonly [string, ...string[]]): Buffer {
  let result = bytes
  for (let left = 1 + random.below(4); left > 0; left -= 1) result = accident(result, random, pieces)
  return result
}

function accident(bytes: Buffer, random: Random, pieces: readonly [string, ...string[]]): Buffer {
  const from = random.below(bytes.length + 1)
  const to = Math.min(bytes.length, from + 1 + random.below(12))
  const [before, middle, behind] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)]
  const piece = Buffer.from(random.pick(pieces), 'latin1')
  switch (random.pick(ACCIDENTS)) {
    case 'drop':
      return Buffer.concat([before, behind])
    case 'repeat':
      return Buffer.concat([before, ...Array.from({ length: 2 + random.below(30) }, () => middle), behind])
    case 'swap':
      return Buffer.concat([behind, middle, before])
    case 'insert':
      return Buffer.concat([before, piece, middle, behind])
    case 'replace':
      return Buffer.concat([before, piece, behind])
    case 'cut':
      return random.below(4) === 0 ? before : bytes
    case 'flip': {
      const copy = Buffer.from(bytes)
      if (copy.length > 0) copy[random.below(copy.length)] = random.below(256)
      return copy
    }
  }
}

/** The same in pieces as a network may cut it: at random places. */
export function inPieces(bytes: Buffer, random: Random): Buffer[] {
  const cuts = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).toSorted(
    (a, b) => a - b,
  )
  return [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
}
