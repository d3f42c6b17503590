// Figures of what was answered, and of what of it came from the cache.
import { bodyOf } from '../../test/differential/body.ts'
import { quantile } from '../result.ts'
import { wireOf } from './statement.ts'
import { type Answered } from './viewers.ts'
import { type Work } from './work.ts'

type Figures = Readonly<Record<string, number>>

/** How an answer was come by, from `Cache-Status`. */
export interface Source {
  readonly how: 'hit' | 'partial' | 'collapsed' | 'miss' | 'bypass' | 'direct'
  /** The share of its parts that were held or that another's query brought. */
  readonly held: number
  readonly detail: string
}

/**
 * `hit` and `collapsed` (another's flight, joined) asked nothing of Druid. `partial` names the parts that were held,
 * of all: `series 166/168`.
 */
export function sourceOf(cacheStatus: string): Source {
  const detail = /detail="([^"]*)"/.exec(cacheStatus)?.[1] ?? ''
  if (cacheStatus === '') return { how: 'direct', held: 0, detail }
  if (/; hit\b/.test(cacheStatus)) return { how: 'hit', held: 1, detail }
  if (/; collapsed\b/.test(cacheStatus)) return { how: 'collapsed', held: 1, detail }
  if (/; fwd=bypass\b/.test(cacheStatus)) return { how: 'bypass', held: 0, detail }
  const [, held, all] = /(\d+)\/(\d+)/.exec(detail) ?? []
  if (!/; fwd=partial\b/.test(cacheStatus) || Number(all) === 0) return { how: 'miss', held: 0, detail }
  return { how: 'partial', held: Number(held) / Number(all), detail }
}

function rowsOf({ statement, answer }: Answered): number {
  return bodyOf(answer.toString(), wireOf(statement))?.rows.length ?? 0
}

export function timesOf(answers: readonly Answered[]): Figures {
  const times = answers.map(({ tookMs }) => tookMs)
  return {
    requests: times.length,
    p50Ms: quantile(times),
    p90Ms: quantile(times, 0.9),
    p99Ms: quantile(times, 0.99),
  }
}

/** `cachedRowsShare`: a row of an answer put together counts for the share of the answer's parts that were held. */
export function sharesOf(answers: readonly Answered[]): Figures {
  const sources = answers.map((one) => ({ ...sourceOf(one.cacheStatus), rows: rowsOf(one) }))
  const share = (how: Source['how']): number =>
    sources.filter((one) => one.how === how).length / Math.max(1, sources.length)
  const rows = sources.reduce((sum, one) => sum + one.rows, 0)
  const cached = sources.reduce((sum, one) => sum + one.rows * one.held, 0)
  return {
    cachedRequestsShare: share('hit') + share('partial') + share('collapsed'),
    hitShare: share('hit'),
    partialShare: share('partial'),
    collapsedShare: share('collapsed'),
    rows,
    cachedRowsShare: cached / Math.max(1, rows),
  }
}

export function workFigures(work: Work): Figures {
  return {
    druidStatements: work.statements,
    druidQueries: work.queries,
    scannedRows: work.scannedRows,
    explains: work.explains,
    schemaLooks: work.schemaLooks,
  }
}
