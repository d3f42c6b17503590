// How long the analysis of a statement takes: each text of the corpus, never seen before in the process.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { analyse } from '../src/sql/analyse.ts'
import { lex } from '../src/sql/lexer.ts'

interface Result {
  readonly case: string
  readonly target: string
  readonly metrics: Readonly<Record<string, number>>
}

const FILE = join(import.meta.dirname, '../../shared/corpus/druid-sql.json')
const OPTIONS = { timeZone: undefined, maxLength: 65_536, maxDepth: 64 }
const OWN = [
  `SELECT TIME_FLOOR(CAST("__time" AS TIMESTAMP), 'PT1H') AS "__timestamp", "country", COUNT(*) AS "count" FROM "druid"."events"
   WHERE "__time" >= '2026-10-01 00:00:00.000000' AND "__time" < '2026-10-08 00:00:00.000000' AND ("country" = 'US' OR "country" = 'DE')
   GROUP BY TIME_FLOOR(CAST("__time" AS TIMESTAMP), 'PT1H'), "country" ORDER BY "count" DESC LIMIT 10000`,
  `SELECT COUNT(*) AS "count", SUM("added") FILTER (WHERE "isRobot" = 'true') FROM "events" WHERE __time >= CURRENT_TIMESTAMP - INTERVAL '1' DAY`,
]

/**
 * Measures `analyse` and the lexer alone, in microseconds for a statement: median, 90 % and 99 %. Texts are made unlike
 * any before by a literal, so nothing remembered helps. Without the corpus beside the checkout, own statements are taken.
 */
export async function analyseBench({ quick }: { readonly quick: boolean }): Promise<Result[]> {
  const texts = textsOf()
  const rounds = Math.ceil((quick ? 2_000 : 20_000) / texts.length)
  measure(texts, 1, (sql) => analyse(sql, OPTIONS))
  return await Promise.resolve([
    { case: 'analyse', target: 'corpus', metrics: measure(texts, rounds, (sql) => analyse(sql, OPTIONS)) },
    { case: 'lex', target: 'corpus', metrics: measure(texts, rounds, lex) },
  ])
}

function textsOf(): readonly string[] {
  if (!existsSync(FILE)) {
    console.warn(
      'The corpus of Druid SQL is not beside this checkout (../shared/corpus): own statements are measured',
    )
    return OWN
  }
  const corpus = JSON.parse(readFileSync(FILE, 'utf8')) as readonly {
    readonly sql: string
    readonly class: string
  }[]
  return corpus.filter((statement) => statement.class === 'select').map(({ sql }) => sql)
}

function measure(
  texts: readonly string[],
  rounds: number,
  run: (sql: string) => unknown,
): Record<string, number> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const text of texts) {
      const fresh = `/* ${round} ${times.length} */ ${text}`
      const startNs = process.hrtime.bigint()
      run(fresh)
      times.push(Number(process.hrtime.bigint() - startNs) / 1_000)
    }
  }
  times.sort((a, b) => a - b)
  const at = (share: number): number => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10
  return { statements: times.length, medianUs: at(0.5), p90Us: at(0.9), p99Us: at(0.99) }
}
