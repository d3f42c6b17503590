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
  /** The share of its parts that were held. */
  readonly held: number
  /** The share that another's query brought, which it waited for. */
  readonly joined: number
  readonly detail: string
}

/** `partial` names the parts that were held, of all: `series 166/168`. `collapsed` joined another's flight. */
export function sourceOf(cacheStatus: string): Source {
  const detail = /detail="([^"]*)"/.exec(cacheStatus)?.[1] ?? ''
  const none = { held: 0, joined: 0, detail }
  if (cacheStatus === '') return { ...none, how: 'direct' }
  if (/; hit\b/.test(cacheStatus)) return { ...none, how: 'hit', held: 1 }
  if (/; fwd=bypass\b/.test(cacheStatus)) return { ...none, how: 'bypass' }
  const [, held, all] = /(\d+)\/(\d+)/.exec(detail) ?? []
  const isPartial = /; fwd=partial\b/.test(cacheStatus) && Number(all) > 0
  const share = isPartial ? Number(held) / Number(all) : 0
  if (/; collapsed\b/.test(cacheStatus)) return { how: 'collapsed', held: share, joined: 1 - share, detail }
  return { ...none, how: isPartial ? 'partial' : 'miss', held: share }
}

function rowsOf({ statement, answer }: Answered): number {
  return bodyOf(answer.toString(), wireOf(statement))?.rows.length ?? 0
}

export function timesOf(answers: readonly Pick<Answered, 'tookMs'>[]): Figures {
  const times = answers.map(({ tookMs }) => tookMs)
  return {
    requests: times.length,
    p50Ms: quantile(times),
    p90Ms: quantile(times, 0.9),
    p99Ms: quantile(times, 0.99),
  }
}

/**
 * `cachedRowsShare`: rows for which nothing was asked of Druid on behalf of their request, those that another's query
 * brought among them; `heldRowsShare`: those that were held before. A row of an answer put together counts for the share
 * of the answer's parts.
 */
export function sharesOf(answers: readonly Answered[]): Figures {
  const sources = answers.map((one) => ({ ...sourceOf(one.cacheStatus), rows: rowsOf(one) }))
  const sum = (of: (one: (typeof sources)[number]) => number): number =>
    sources.reduce((all, one) => all + of(one), 0)
  const rows = sum((one) => one.rows)
  return {
    ...requestSharesOf(answers),
    rows,
    cachedRowsShare: sum((one) => one.rows * (one.held + one.joined)) / Math.max(1, rows),
    heldRowsShare: sum((one) => one.rows * one.held) / Math.max(1, rows),
  }
}

/** The shares of requests by how they were answered. */
export function requestSharesOf(answers: readonly Pick<Answered, 'cacheStatus'>[]): Figures {
  const hows = answers.map(({ cacheStatus }) => sourceOf(cacheStatus).how)
  const share = (how: Source['how']): number =>
    hows.filter((one) => one === how).length / Math.max(1, hows.length)
  return {
    cachedRequestsShare: share('hit') + share('partial') + share('collapsed'),
    hitShare: share('hit'),
    partialShare: share('partial'),
    collapsedShare: share('collapsed'),
  }
}

export function workFigures(work: Work): Figures {
  return {
    druidStatements: work.statements,
    druidQueries: work.queries,
    scannedRows: work.scannedRows,
    explains: work.explains,
  }
}
