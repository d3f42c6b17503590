// What a user of a dashboard does next: the same question over another window, in another order, in another form.
import { type Random } from '../cluster/random.ts'
import { randomWire, rangeAt, type Subject, withOrder } from './generate.ts'
import { type Grouped, type Question } from './question.ts'
import { type Range, type Window } from './windows.ts'

type WindowMove = 'nudge' | 'shift a little' | 'shift' | 'wider' | 'narrower'
type Move = WindowMove | 'repeat' | 'order' | 'format' | 'measures' | 'kin'

export const MOVES: readonly [Move, ...Move[]] = [
  'repeat',
  'nudge',
  'nudge',
  'shift a little',
  'shift',
  'shift',
  'wider',
  'narrower',
  'order',
  'format',
  'measures',
  'kin',
]

/** The question after a move; windows stay near what `subject` holds. */
export function moved(random: Random, question: Question, move: Move, subject: Subject): Question {
  switch (move) {
    case 'repeat':
      return question
    case 'format':
      return { ...question, wire: randomWire(random) }
    case 'order':
      return question.kind === 'grouped' ? withOrder(random, question) : question
    case 'measures':
      return question.kind === 'grouped' ? fewerMeasures(question) : question
    case 'kin':
      return question.kind === 'grouped' ? kinOf(random, question) : question
    case 'nudge':
    case 'shift a little':
    case 'shift':
    case 'wider':
    case 'narrower':
      return { ...question, window: otherWindow(random, question, { move, subject }) }
  }
}

// The order may name what is no longer selected.
function fewerMeasures(question: Grouped): Grouped {
  const { measures } = question
  if (measures.length < 2) return question
  return { ...question, measures: measures.slice(0, -1), order: [], limit: undefined, offset: undefined }
}

const KINS = ['twice', 'once', 'turned', 'measures', 'total'] as const

/** The same groups shown in another way, or added up over time: one may be derived from the other. */
function kinOf(random: Random, question: Grouped): Grouped {
  const { dimensions, measures } = question
  const kin = { ...question, order: [], limit: undefined, offset: undefined }
  switch (random.pick(KINS)) {
    case 'twice':
      return { ...kin, dimensions: [...dimensions, ...dimensions.slice(0, 1)] }
    case 'once':
      return { ...kin, dimensions: [...new Set(dimensions)] }
    case 'turned':
      return { ...kin, dimensions: dimensions.toReversed() }
    case 'measures':
      return { ...kin, measures: [...measures.slice(1), ...measures.slice(0, 1)] }
    case 'total':
      return { ...kin, bucket: undefined }
  }
}

function otherWindow(
  random: Random,
  question: Question,
  { move, subject }: { readonly move: WindowMove; readonly subject: Subject },
): Window {
  const { window } = question
  const lengthMs = (question.kind === 'grouped' ? question.bucket?.lengthMs : undefined) ?? HOUR_MS
  if (window.kind === 'none') return window
  if (window.kind === 'relative') {
    const step = 1 + random.below(3)
    return { ...window, count: Math.max(1, window.count + (move === 'narrower' ? -step : step)) }
  }
  const first = window.ranges[0]
  if (first === undefined) return window
  const { moments } = subject
  const isAtMoment = move === 'shift' && moments.length > 0 && random.next() < AT_MOMENT_SHARE
  const range = isAtMoment
    ? rangeAt(random, moments, lengthMs)
    : otherRange(random, first, { move, lengthMs, subject })
  return { ...window, ranges: [range, ...window.ranges.slice(1)] }
}

const HOUR_MS = 3_600_000
const AT_MOMENT_SHARE = 0.2

function otherRange(
  random: Random,
  { startMs, endMs }: Range,
  given: { readonly move: WindowMove; readonly lengthMs: number; readonly subject: Subject },
): Range {
  const { move, lengthMs, subject } = given
  const buckets = (1 + random.below(4)) * lengthMs
  const luck = random.next() < 0.7 ? 1 : -1
  const isAfter = startMs !== undefined && startMs > subject.toMs
  const isBefore = endMs !== undefined && endMs < subject.fromMs
  const sign = isAfter ? -1 : isBefore ? 1 : luck
  const by = (ms: number | undefined, more: number): number | undefined =>
    ms === undefined ? undefined : Math.floor(ms + more)
  switch (move) {
    // As each viewer's window begins and ends a moment after the one before.
    case 'nudge': {
      const moment = 1 + random.below(5_000)
      return { startMs: by(startMs, moment), endMs: by(endMs, moment) }
    }
    case 'shift a little': {
      const little = sign * lengthMs * random.next()
      return { startMs: by(startMs, little), endMs: by(endMs, little) }
    }
    case 'shift':
      return { startMs: by(startMs, sign * buckets), endMs: by(endMs, sign * buckets) }
    case 'wider':
      return { startMs: by(startMs, -buckets), endMs: by(endMs, random.below(2) * buckets) }
    case 'narrower': {
      const later = by(startMs, buckets)
      if (later === undefined || endMs === undefined || later < endMs) return { startMs: later, endMs }
      return { startMs, endMs }
    }
  }
}
