// A watch that never complains is worth nothing: what it must tell, on samples written by hand.
import { expect, test } from 'vitest'
import { faultsOf, type Sample, type Source } from './watch.ts'

const SOURCES: readonly Source[] = [
  { name: 'one', url: '', boundMs: undefined },
  { name: 'two', url: '', boundMs: undefined },
  { name: 'ovate', url: '', boundMs: 1_000 },
]

const sample = (source: string, askedAtMs: number, answer: string): Sample => ({
  source,
  statement: 's',
  askedAtMs,
  answeredAtMs: askedAtMs + 10,
  answer,
  cache: source === 'ovate' ? 'hit' : undefined,
})

/** The change is begun at 0; the first Broker shows it at 110, the second at 2,110. */
const BROKERS = [
  sample('one', -100, 'old'),
  sample('two', -100, 'old'),
  sample('one', 100, 'new'),
  sample('two', 2_000, 'old'),
  sample('two', 2_100, 'new'),
]

test.each<[string, readonly Sample[], number]>([
  ['the old answer before any Broker shows the new one', [sample('ovate', 50, 'old')], 0],
  ['the new answer as soon as one Broker shows it', [sample('ovate', 200, 'new')], 0],
  ['the old answer while one Broker still gives it', [sample('ovate', 1_900, 'old')], 0],
  ['the old answer within the bound after that', [sample('ovate', 3_110, 'old')], 0],
  ['the old answer past the bound', [sample('ovate', 3_111, 'old')], 1],
  [
    'the old answer again after the new one',
    [sample('ovate', 3_000, 'new'), sample('ovate', 4_000, 'old')],
    1,
  ],
  ['an answer that no Broker gave', [sample('ovate', 150, 'half')], 1],
  ['an answer that no Broker gave, past the bound', [sample('ovate', 5_000, 'half')], 2],
  ['an answer from before the change was begun', [sample('ovate', -50, 'half')], 0],
])('%s', (_, answers, faults) => {
  expect(faultsOf([...BROKERS, ...answers], SOURCES, 0)).toHaveLength(faults)
})

test('a change that never came to a Broker leaves nothing but the old answer', () => {
  const samples = [sample('one', -1, 'old'), sample('two', 0, 'old'), sample('ovate', 9_000, 'old')]
  expect(faultsOf(samples, SOURCES, 0)).toEqual([])
})
