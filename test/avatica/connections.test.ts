import { describe, expect, test } from 'vitest'
import { Connections, type Road } from '../../src/avatica/connections.ts'
import { ranked } from '../../src/avatica/rendezvous.ts'
import { type AvaticaRequest } from '../../src/avatica/request.ts'
import { FakeDruid } from '../support/fake-druid.ts'

const IDS = ['a:8082', 'b:8082', 'c:8082', 'd:8082']
const [first = '', second = '', third = '', fourth = ''] = ranked(IDS, 'c')

const about = (kind: AvaticaRequest['kind']): AvaticaRequest => ({ kind, connection: 'c' })
const search = (...brokers: (string | undefined)[]): Road => ({ how: 'search', brokers })

interface Case {
  readonly what: string
  readonly troubles?: FakeDruid['troubles']
  readonly brokers?: readonly string[]
  /** The Broker that had it. */
  readonly known?: string
  readonly use: Road
  readonly open: Road
  readonly close: Road
}

const ejected = { state: 'ejected' } as const
const refusing = { state: 'ejected', refuses: true } as const
/** For longer than Druid keeps a connection that nobody uses. */
const silent = { state: 'ejected', silentMs: 300_001 } as const

const CASES: readonly Case[] = [
  {
    what: 'never seen',
    use: search(first, second, third, fourth),
    open: search(first, second, third, fourth),
    close: { how: 'all', brokers: [first, second, third, fourth] },
  },
  {
    what: 'never seen, one in trouble, which is waited for last',
    troubles: { [first]: ejected, [third]: { state: 'probing' } },
    use: search(second, fourth, first, third),
    open: search(second, fourth),
    close: { how: 'all', brokers: [second, fourth] },
  },
  {
    what: 'never seen, one gone without a word',
    troubles: { [first]: refusing },
    use: search(second, third, fourth),
    open: search(second, third, fourth),
    close: { how: 'all', brokers: [second, third, fourth] },
  },
  {
    what: 'never seen, one silent for long',
    troubles: { [first]: silent },
    use: search(second, third, fourth),
    open: search(second, third, fourth),
    close: { how: 'all', brokers: [second, third, fourth] },
  },
  {
    what: 'never seen, one on its way out',
    troubles: { [first]: { state: 'draining' } },
    use: search(second, third, fourth),
    open: search(second, third, fourth),
    close: { how: 'all', brokers: [second, third, fourth] },
  },
  {
    what: 'known',
    known: third,
    use: search(third, first, second, fourth),
    open: search(third),
    close: search(third),
  },
  {
    what: 'known, at one that stands still',
    known: third,
    troubles: { [third]: ejected },
    use: search(third, first, second, fourth),
    open: search(third),
    close: search(third),
  },
  {
    what: 'known, at one that has been silent for as long as Druid keeps a connection',
    known: third,
    troubles: { [third]: { state: 'ejected', silentMs: 300_000 } },
    use: search(third, first, second, fourth),
    open: search(third),
    close: search(third),
  },
  {
    what: 'known, at one silent for longer',
    known: first,
    troubles: { [first]: silent },
    use: search(second, third, fourth),
    open: search(second, third, fourth),
    close: { how: 'all', brokers: [second, third, fourth] },
  },
  {
    what: 'known, at one that refused a moment ago and is held for ready still',
    known: third,
    troubles: { [third]: { refuses: true } },
    use: search(third, first, second, fourth),
    open: search(third),
    close: search(third),
  },
  {
    what: 'known, at one that has gone without a word',
    known: first,
    troubles: { [first]: refusing },
    use: search(second, third, fourth),
    open: search(second, third, fourth),
    close: { how: 'all', brokers: [second, third, fourth] },
  },
  {
    what: 'known, at one that is announced no more',
    known: first,
    brokers: IDS.filter((id) => id !== first),
    use: search(second, third, fourth),
    open: search(second, third, fourth),
    close: { how: 'all', brokers: [second, third, fourth] },
  },
  {
    what: 'none ready',
    troubles: Object.fromEntries(IDS.map((id) => [id, ejected])),
    use: search(first),
    open: search(first),
    close: search(first),
  },
  {
    what: 'no Broker at all',
    brokers: [],
    use: search(undefined),
    open: search(undefined),
    close: search(undefined),
  },
]

describe.each(CASES)('a connection $what', ({ troubles = {}, brokers = IDS, known, ...roads }) => {
  test.each(['use', 'open', 'close'] as const)('%s', (kind) => {
    const druid = new FakeDruid(() => ({ body: '' }))
    const connections = new Connections(druid)
    if (known !== undefined) connections.done(about('open'), known)
    druid.brokerIds = [...brokers]
    druid.troubles = troubles
    expect(connections.road(about(kind))).toEqual(roads[kind])
  })
})

test.each(['close', 'any'] as const)('%s says nothing of where a connection is', (kind) => {
  const druid = new FakeDruid(() => ({ body: '' }))
  druid.brokerIds = IDS
  const connections = new Connections(druid)
  connections.done(about(kind), third)
  expect(connections.road(about('open')).brokers[0]).toBe(first)
})

test.each<[AvaticaRequest['kind'], Road]>([
  ['use', search(third, first, second, fourth)],
  ['open', search(third)],
  ['close', { how: 'all', brokers: [third, first, second, fourth] }],
])('known before a Broker ran anew: %s', (kind, road) => {
  const druid = new FakeDruid(() => ({ body: '' }))
  druid.brokerIds = IDS
  const connections = new Connections(druid)
  connections.done(about('use'), third)
  druid.run += 1
  expect(connections.road(about(kind))).toEqual(road)
})

test('what is lost is placed anew', () => {
  const druid = new FakeDruid(() => ({ body: '' }))
  druid.brokerIds = IDS
  const connections = new Connections(druid)
  connections.done(about('use'), third)
  connections.lost(about('use'))
  expect(connections.road(about('open')).brokers[0]).toBe(first)
})

test('no more than so many are remembered, and one forgotten is searched', () => {
  const druid = new FakeDruid(() => ({ body: '' }))
  druid.brokerIds = IDS
  const connections = new Connections(druid)
  const named = (at: number): AvaticaRequest => ({ kind: 'use', connection: `c ${at}` })
  for (let at = 0; at <= 10_000; at += 1) connections.done(named(at), fourth)
  expect(connections.road({ ...named(10_000), kind: 'open' })).toEqual(search(fourth))
  expect(connections.road({ ...named(0), kind: 'open' }).brokers).toHaveLength(4)
})
