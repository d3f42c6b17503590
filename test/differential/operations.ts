// What an operator does while statements are asked: live settings, and purges. None of it may change an answer.
import { type Random } from '../cluster/random.ts'
import { DAY_MS } from './table.ts'

/** A setting as it is written; null takes it off. */
type Settings = Readonly<Record<string, unknown>> | null

export type Operation =
  | { readonly kind: 'setting'; readonly isForAll: boolean; readonly settings: Settings }
  | {
      readonly kind: 'purge'
      readonly isForAll: boolean
      readonly interval: { readonly startMs: number; readonly endMs: number } | undefined
    }

/** No bound is above that of the worlds, which let so much time pass after a change. Declarations are left out: they must be true. */
const SETTINGS: readonly Settings[] = [
  { accelerate: false },
  { accelerate: true },
  { plans: ['whole'] },
  { plans: ['whole', 'series'] },
  { plans: ['whole', 'merge', 'derive'] },
  { exactDoubles: true },
  { freshness: { mode: 'strict' } },
  { freshness: { head: '0s', cap: '1s' } },
  { freshness: { head: '500ms' } },
  { maxEntry: '2KiB' },
  { maxRows: 40 },
  { service: 'druid/nowhere' },
]

/** `more`: settings that are true of a world alone. */
export function randomOperation(
  random: Random,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  more: readonly Settings[],
): Operation {
  const isForAll = random.next() < 0.3
  if (random.next() < 0.6) {
    // Most is asked under no settings of its own, as it was before there were any.
    const isOff = random.next() < 0.4
    const settings = isOff ? null : random.pick([...SETTINGS, ...more] as [Settings, ...Settings[]])
    return { kind: 'setting', isForAll, settings }
  }
  if (random.next() < 0.4) return { kind: 'purge', isForAll, interval: undefined }
  const days = Math.max(1, Math.floor((toMs - fromMs) / DAY_MS))
  const startMs = fromMs + random.below(days) * DAY_MS + random.pick([0, 0, 1_800_000])
  return { kind: 'purge', isForAll, interval: { startMs, endMs: startMs + random.pick([3_600_000, DAY_MS]) } }
}
