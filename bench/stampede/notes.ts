// What leases are for, in sentences: how much of Druid's work is left, and what it does to the clients' times.
import { type Result } from '../result.ts'
import { type Mode, SHARED, WITH, WITHOUT } from './modes.ts'

const AIM = 1
/** Of rows that were scanned: what rounding may add. */
const SCANNED_MAX = 1.01

/** A sentence for each kind, in the order of the results. */
export function notesOf(results: readonly Result[], replicas: number, clients: number): readonly string[] {
  const titles = [...new Set(results.map((one) => one.case))]
  return [
    `${clients} clients ask ${replicas} replicas at once; all of it, and they, on this machine`,
    `below: with leases = ratio to ${SHARED.title} | ratio to ${WITHOUT.title}; rows read: times those that one answer needs`,
    ...titles.map((title) => noteOf(title, results)),
  ]
}

function noteOf(title: string, results: readonly Result[]): string {
  const figure = ({ title: target }: Mode, key: string): number =>
    results.find((one) => one.case === title && one.target === target)?.metrics[key] ?? Number.NaN
  const ratio = (key: string, of: Mode): string => (figure(WITH, key) / figure(of, key)).toFixed(2)
  const beside = (key: string): string =>
    `${figure(WITH, key).toFixed(1)} = ${ratio(key, SHARED)} | ${ratio(key, WITHOUT)}`
  // Windows that overlap are several questions: of them each bucket is to be read once.
  const isMet =
    figure(WITH, 'questions') === 1
      ? figure(WITH, 'queriesMostButAlone') <= AIM
      : figure(WITH, 'timesScanned') <= SCANNED_MAX
  const isOne = figure(WITH, 'questions') === 1
  return (
    `${title}: Druid queries ${beside('queriesPerRound')}, ${figure(WITH, 'alonePerRound').toFixed(1)} of them by those who waited ` +
    `no longer; rows read ${beside('timesScanned')}; P99 ${ratio('p99Ms', SHARED)} | ${ratio('p99Ms', WITHOUT)} ` +
    `(aim: ${isOne ? 'one query but for those' : 'each row read once'}, ${isMet ? 'met' : 'MISSED'})`
  )
}
