// The group of a text that asks for single instants round a period: as DuckDB reads it → as Druid writes it.
import { floorText } from '../plan/native.ts'

const STEPS =
  /^CASE WHEN (.*) THEN "__time" ELSE druid_(?:cut|steps)(?:_short)?\("__time", (.*), 'UTC'\) END$/
const END = /\(epoch_ms\("__time"\) (<|>=) (-?\d+)\)/g
const UNIT = /^'(\w+)'$/
const STEP = /^INTERVAL '?(\d+)'? (\w+)$/

const PERIODS: Readonly<Record<string, (count: string) => string>> = {
  second: (count) => `PT${count}S`,
  minute: (count) => `PT${count}M`,
  hour: (count) => `PT${count}H`,
  day: (count) => `P${count}D`,
  week: (count) => `P${count}W`,
  month: (count) => `P${count}M`,
}

/** Undefined for any other expression. */
export function stepsText(expression: string): string | undefined {
  const [, condition = '', step = ''] = STEPS.exec(expression) ?? []
  const [, unit] = UNIT.exec(step) ?? []
  const [, count = '1', units = unit ?? ''] = STEP.exec(step) ?? []
  const period = PERIODS[units.toLowerCase().replace(/s$/, '')]?.(count)
  const ends = [...condition.matchAll(END)].map(([, sign, ms]) => `("__time" ${sign} ${ms})`)
  const isKnown = condition.replaceAll(END, '').replaceAll(/[() ]|OR/g, '') === ''
  if (period === undefined || ends.length === 0 || !isKnown) return undefined
  const floor = floorText(period, undefined, 'UTC').replace(/ LONG$/, '')
  return `case_searched(${ends.length === 1 ? ends.join('') : `(${ends.join(' || ')})`},"__time",${floor})`
}
