// Which settings win, and that whatever differs is told apart.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LiveSettings } from '../../src/app/live-settings.ts'
import { parseConfig } from '../../src/config/config.ts'
import { type Live, readLive } from '../../src/config/live.ts'

const FILE = {
  druid: { brokers: ['http://127.0.0.1:1'] },
  freshness: { head: '5s', cap: '60s' },
  datasources: { events: { shared: true, rowPolicies: 'none', freshness: { head: '10s' } } },
}

function settings(forAll?: object, forEvents?: object): LiveSettings {
  const made = new LiveSettings(parseConfig(FILE))
  if (forAll !== undefined) made.set(undefined, readLive(forAll))
  if (forEvents !== undefined) made.set('events', readLive(forEvents))
  return made
}

describe('head is that of', () => {
  test.each<[string, object | undefined, object | undefined, number, number]>([
    ['the file', undefined, undefined, 10_000, 5_000],
    ['all, shared, which beats the file', { freshness: { head: '1s' } }, undefined, 1_000, 1_000],
    ['the datasource, shared', undefined, { freshness: { head: '2s' } }, 2_000, 5_000],
    ['the datasource before all', { freshness: { head: '1s' } }, { freshness: { head: '2s' } }, 2_000, 1_000],
    [
      'all, where the datasource says nothing of it',
      { freshness: { head: '1s' } },
      { freshness: { cap: '9s' } },
      1_000,
      1_000,
    ],
  ])('%s', (_, forAll, forEvents, ofEvents, ofOthers) => {
    const made = settings(forAll, forEvents)
    expect([made.rules('events').headMs, made.rules('others').headMs]).toEqual([ofEvents, ofOthers])
  })
})

test('what is taken off leaves what was there before', () => {
  const made = settings({ accelerate: false }, { shared: false, rowPolicies: 'unknown' })
  made.set(undefined, undefined)
  made.set('events', undefined)
  expect(made.of('events')).toEqual(settings().of('events'))
  expect(made.stamp(['events'])).toBe('')
})

test('every change makes plans of before count no more', () => {
  const made = settings()
  const before = made.revision
  made.set('events', readLive({ accelerate: false }))
  expect(made.revision).not.toBe(before)
})

test('tables of several groups of Brokers have none', () => {
  const made = settings(undefined, { service: 'hot' })
  expect([made.service(['events']), made.service(['events', 'others'])]).toEqual(['hot', 'hot'])
  made.set('others', readLive({ service: 'cold' }))
  expect(made.service(['events', 'others'])).toBeUndefined()
})

test('limits of several tables: the least, and never more than the cache has', () => {
  const made = settings({ maxEntry: '1GiB' }, { maxEntry: '1MiB', maxRows: 5 })
  expect(made.entryMaxBytes(['others'])).toBe(8 * 1_048_576)
  expect(made.entryMaxBytes(['events', 'others'])).toBe(1_048_576)
  expect([made.partRowsMax('events'), made.partRowsMax('others')]).toEqual([5, 500_000])
})

test('a datasource by the name of what every object has is none of the declared ones', () => {
  const made = settings()
  for (const name of ['__proto__', 'constructor', '']) expect(made.of(name)).toEqual(made.of(undefined))
})

test('two have one stamp exactly when the same is shared, in whatever order it is written', () => {
  const live = fc.record(
    {
      accelerate: fc.boolean(),
      shared: fc.boolean(),
      exactDoubles: fc.boolean(),
      maxRows: fc.integer({ min: 1, max: 3 }),
      freshness: fc.record(
        { head: fc.constantFrom('1s', '2s'), cap: fc.constantFrom('1s', '2s') },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(live, live, (one, other) => {
      const turned = Object.fromEntries(Object.entries(one).toReversed()) as Live
      expect(settings(undefined, turned).stamp(['events'])).toBe(settings(undefined, one).stamp(['events']))
      const [a, b] = [settings(undefined, one), settings(undefined, other)]
      const { stamp: first, ...inForce } = a.of('events')
      const { stamp: second, ...inForceThere } = b.of('events')
      const isSame = JSON.stringify(inForce) === JSON.stringify(inForceThere)
      expect(isSame || first !== second).toBe(true)
    }),
  )
})
