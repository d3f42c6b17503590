import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryCache, type Sized } from '../../src/cache/memory.ts'

class Thing implements Sized {
  readonly name: string
  sizeBytes: number
  constructor(sizeBytes: number, name = '') {
    this.sizeBytes = sizeBytes
    this.name = name
  }
}

function cacheOf(
  sizeBytes: number,
  more: { entryMaxBytes?: number; admitBelowBytes?: number } = {},
): MemoryCache<Thing> {
  return new MemoryCache({ sizeBytes, entryMaxBytes: sizeBytes, admitBelowBytes: sizeBytes, ...more })
}

describe('room', () => {
  test('never holds more than its limit, whatever is put, grown, held and given back', () => {
    const step = fc.record({
      op: fc.constantFrom('put', 'grow', 'hold', 'release', 'get'),
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      bytes: fc.integer({ min: 1, max: 900 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = cacheOf(2_000)
        let heldBytes = 0
        for (const { op, key, bytes } of steps) {
          const known = cache.get(key)
          if (op === 'put') cache.put(key, new Thing(bytes), 0)
          if (op === 'grow' && known !== undefined) {
            known.sizeBytes += bytes
            cache.resized(key, known)
          }
          if (op === 'hold' && cache.hold(bytes)) heldBytes += bytes
          if (op === 'release') {
            cache.hold(-heldBytes)
            heldBytes = 0
          }
          const { entryBytes, heldBytes: counted } = cache.usage
          expect(counted).toBe(heldBytes)
          expect(entryBytes + counted).toBeLessThanOrEqual(2_000)
        }
      }),
    )
  })

  test('what had to go is counted once, whatever took its place', () => {
    const cache = cacheOf(10_000)
    for (let at = 0; at < 10; at += 1) cache.put(`k${at}`, new Thing(2_000), 0)
    expect(cache.usage).toMatchObject({ entries: 5, evictions: 5 })
    cache.hold(5_000)
    expect(cache.usage).toMatchObject({ entries: 2, evictions: 8 })
    cache.resized('k9', cache.get('k9') ?? new Thing(0))
    cache.delete('k8')
    expect(cache.deleteWhere(() => true)).toBe(1)
    expect(cache.usage).toMatchObject({ entries: 0, evictions: 8 })
  })

  test('flights may hold half of it', () => {
    const cache = cacheOf(1_000)
    expect(cache.hold(500)).toBe(true)
    expect(cache.hold(1)).toBe(false)
    cache.hold(-500)
    expect(cache.hold(500)).toBe(true)
  })

  test('the least recently used goes first', () => {
    const cache = cacheOf(100_000)
    cache.put('a', new Thing(40_000), 0)
    cache.put('b', new Thing(40_000), 0)
    cache.get('a')
    cache.put('c', new Thing(40_000), 0)
    expect([cache.get('a'), cache.get('b'), cache.get('c')].map(Boolean)).toEqual([true, false, true])
    expect(cache.usage.evictions).toBe(1)
  })
})

describe('admission', () => {
  test.each([
    ['small', 100, 0, true],
    ['large and cheap', 300, 10, false],
    ['large and dear', 300, 5_000, true],
    ['larger than any entry may be', 600, 5_000, false],
  ])('an answer that is %s', (_, bytes, costMs, kept) => {
    const cache = cacheOf(1_000, { admitBelowBytes: 200, entryMaxBytes: 500 })
    expect(cache.put('k', new Thing(bytes), costMs)).toBe(kept)
    expect(cache.get('k') !== undefined).toBe(kept)
  })

  test('large and cheap is kept the second time', () => {
    const cache = cacheOf(1_000, { admitBelowBytes: 200, entryMaxBytes: 500 })
    cache.put('k', new Thing(300), 0)
    expect(cache.put('k', new Thing(300), 0)).toBe(true)
  })
})

test('takes out what it is told to, and tells how many', () => {
  const cache = cacheOf(100_000)
  for (const name of ['a', 'b', 'c']) cache.put(name, new Thing(10, name), 0)
  expect(cache.deleteWhere(({ name }) => name !== 'b')).toBe(2)
  expect(cache.get('b')?.name).toBe('b')
  expect(cache.get('a')).toBeUndefined()
})

test('a size change of an entry that is no longer kept changes nothing', () => {
  const cache = cacheOf(1_000)
  const old = new Thing(10, 'old')
  cache.put('k', old, 0)
  cache.put('k', new Thing(20, 'new'), 0)
  old.sizeBytes = 500
  cache.resized('k', old)
  expect(cache.get('k')?.name).toBe('new')
  expect(cache.usage.entryBytes).toBe(20)
})

test('an entry that has grown counts what it takes now, told so or put again', () => {
  const cache = new MemoryCache<Thing>({ sizeBytes: 10_000, entryMaxBytes: 5_000, admitBelowBytes: 5_000 })
  const one = new Thing(20)
  cache.put('k', one, 0)
  one.sizeBytes = 700
  cache.resized('k', one)
  expect(cache.usage.entryBytes).toBe(700)
  one.sizeBytes = 900
  cache.put('k', one, 0)
  expect(cache.usage.entryBytes).toBe(900)
})
