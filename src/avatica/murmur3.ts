// MurmurHash3, x64 with 128 bits and seed 0, of which Guava's `asLong` is the first half (Appleby 2011, in the public domain).

const C1 = 0x87c37b91114253d5n
const C2 = 0x4cf5ad432745937fn
const BLOCK_BYTES = 16
const HALF_BYTES = 8

/** The first 64 of the 128 bits as a signed number, as `Hashing.murmur3_128().hashBytes(bytes).asLong()` gives them. */
export function murmur3(bytes: Buffer): bigint {
  let h1 = 0n
  let h2 = 0n
  const blocks = bytes.length - (bytes.length % BLOCK_BYTES)
  for (let at = 0; at < blocks; at += BLOCK_BYTES) {
    h1 = u64(u64(rotated(h1 ^ mixed1(bytes.readBigUInt64LE(at)), 27n) + h2) * 5n + 0x52dce729n)
    h2 = u64(u64(rotated(h2 ^ mixed2(bytes.readBigUInt64LE(at + HALF_BYTES)), 31n) + h1) * 5n + 0x38495ab5n)
  }
  const tail = Buffer.alloc(BLOCK_BYTES)
  bytes.copy(tail, 0, blocks)
  const length = BigInt(bytes.length)
  h1 ^= mixed1(tail.readBigUInt64LE(0)) ^ length
  h2 ^= mixed2(tail.readBigUInt64LE(HALF_BYTES)) ^ length
  h1 = u64(h1 + h2)
  h2 = u64(h2 + h1)
  return BigInt.asIntN(64, finished(h1) + finished(h2))
}

function mixed1(half: bigint): bigint {
  return u64(rotated(u64(half * C1), 31n) * C2)
}

function mixed2(half: bigint): bigint {
  return u64(rotated(u64(half * C2), 33n) * C1)
}

function finished(half: bigint): bigint {
  let h = half
  h = u64((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn)
  h = u64((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n)
  return h ^ (h >> 33n)
}

function rotated(half: bigint, by: bigint): bigint {
  return u64(half << by) | (half >> (64n - by))
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}
