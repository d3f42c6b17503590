// A corpus of Druid SQL that lies outside this repository (texts of others, to be read only).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Facts } from '../../src/plan/facts.ts'
import { analyse } from '../../src/sql/analyse.ts'

interface Statement {
  readonly id: string
  readonly sql: string
  readonly class: string
}

const FILE = join(import.meta.dirname, '../../../shared/corpus/druid-sql.json')
const OPTIONS = { timeZone: undefined, maxLength: 65_536, maxDepth: 64 }
const UNDERSTOOD_MIN = 0.98

const corpus: readonly Statement[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as Statement[])
  : []
if (corpus.length === 0)
  process.stderr.write('SKIPPED: the corpus of Druid SQL is not beside this checkout (../shared/corpus)\n')

describe.runIf(corpus.length > 0)('the corpus', { timeout: 60_000 }, () => {
  test('every statement has an analysis, and nearly every query is understood', () => {
    const selects = corpus.filter((statement) => statement.class === 'select')
    const all = new Map(corpus.map(({ id, sql }) => [id, analyse(sql, OPTIONS)]))
    const understood = selects.filter(({ id }) => all.get(id)?.kind === 'facts').length
    process.stdout.write(
      `${corpus.length} statements analysed; ${understood} of ${selects.length} queries understood\n`,
    )
    expect(understood / selects.length).toBeGreaterThanOrEqual(UNDERSTOOD_MIN)
  })

  test('a canonical text analyses to the same facts', () => {
    for (const { id, sql } of corpus) {
      const analysis = analyse(sql, OPTIONS)
      if (analysis.kind === 'unknown') continue
      // A SET that names the zone stands before it.
      const timeZone = analysis.facts.bounds?.zone
      const again = analyse(analysis.facts.canonical, { ...OPTIONS, timeZone })
      if (again.kind === 'unknown') throw new Error(`${id}: ${again.reason}`)
      expect({ id, ...withoutPlaces(again.facts) }).toEqual({
        id,
        ...withoutPlaces(analysis.facts),
        options: [],
      })
    }
  })

  test('statements with one canonical text differ in nothing but white space, comments and case', () => {
    const byCanonical = new Map<string, Statement[]>()
    for (const statement of corpus) {
      const analysis = analyse(statement.sql, OPTIONS)
      const key = analysis.kind === 'facts' ? analysis.facts.canonical : `unknown ${statement.id}`
      byCanonical.set(key, [...(byCanonical.get(key) ?? []), statement])
    }
    const bare = (sql: string): string =>
      sql.replaceAll(/^(?:\s*SET [^;]*;)+|--[^\n]*|\s|;/gi, '').toUpperCase()
    for (const same of byCanonical.values()) {
      const [first] = same
      expect(same.map(({ id, sql }) => [id, bare(sql)])).toEqual(
        same.map(({ id }) => [id, bare(first?.sql ?? '')]),
      )
    }
  })
})

/** Facts without where in the text things stand. */
function withoutPlaces({ grouped, ...facts }: Facts): object {
  return { ...facts, grouped: typeof grouped === 'string' ? grouped : [grouped.shape, grouped.time] }
}
