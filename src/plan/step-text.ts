// What a text that fetches steps groups by: instants, a period, or a period between instants at both ends.
import { floorText } from './native.ts'

export type StepText =
  | { readonly kind: 'instants' }
  /** In UTC. */
  | { readonly kind: 'period'; readonly period: string }
  /** Instants before `beforeMs` and from `fromMs` on. */
  | {
      readonly kind: 'mixed'
      readonly period: string
      readonly beforeMs: number | undefined
      readonly fromMs: number | undefined
    }

/** Equal for texts that Druid plans alike but for their moments. */
export function stepName(text: StepText): string {
  if (text.kind !== 'mixed') return text.kind === 'period' ? text.period : text.kind
  const ends = [text.beforeMs === undefined ? '' : 'begin', text.fromMs === undefined ? '' : 'end']
  return [text.kind, text.period, ...ends].join(' ')
}

/** As Druid plans `__time` as a dimension. */
const INSTANT = '__time LONG'

/** What it groups by as Druid writes it in a native expression, with the type of its value (33.0.0). */
export function nativeStep(text: StepText): string {
  if (text.kind === 'instants') return INSTANT
  const floor = floorText(text.period, undefined, 'UTC')
  if (text.kind === 'period') return floor
  const ends = [
    ...(text.beforeMs === undefined ? [] : [`("__time" < ${text.beforeMs})`]),
    ...(text.fromMs === undefined ? [] : [`("__time" >= ${text.fromMs})`]),
  ]
  const condition = ends.length === 1 ? ends.join('') : `(${ends.join(' || ')})`
  return `case_searched(${condition},"__time",${floor.replace(/ LONG$/, '')}) LONG`
}
