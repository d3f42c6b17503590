// What was found out about each statement: as a table for people, as JSON for scripts.

/** From what is worst. */
export const VERDICTS = ['different', 'error', 'moving', 'refused', 'order', 'floating', 'same'] as const
export type Verdict = (typeof VERDICTS)[number]

/** Where one of these is found, the two are not alike. */
const BAD: readonly Verdict[] = ['different', 'error']

export interface StatementReport {
  readonly number: number
  readonly sql: string
  /** The worst of all rounds. */
  readonly verdict: Verdict
  readonly rounds: Readonly<Partial<Record<Verdict, number>>>
  /** Medians. */
  readonly ovateMs: number
  readonly druidMs: number
  /** How many times as fast Ovate was. */
  readonly faster: number
  /** Answers that Ovate held. */
  readonly hits: number
  /** Rounds in which both gave an answer: in others there was nothing to compare. */
  readonly answered: number
  readonly notes: readonly string[]
}

export interface Report {
  readonly rounds: number
  /** What statements about now took for it. */
  readonly now: string
  readonly statements: readonly StatementReport[]
}

export function hasDifferences({ statements }: Report): boolean {
  return statements.some(({ verdict }) => BAD.includes(verdict))
}

/** Also false where nothing was compared: wrong credentials are refused alike. */
export function isAlike(report: Report): boolean {
  return !hasDifferences(report) && !hasNothing(report)
}

function hasNothing({ statements }: Report): boolean {
  return statements.every(({ answered }) => answered === 0)
}

/** Ready for JSON. */
export function reportJson(report: Report): object {
  return { ...report, summary: summary(report), alike: isAlike(report) }
}

const SQL_WIDTH = 60

/** A line for each statement, what is to be said of it below it, and a line that sums up. */
export function reportText(report: Report): string {
  const { rounds, statements } = report
  const head = ['#', 'answers are', 'Ovate ms', 'Druid ms', 'faster', 'hits', 'statement']
  const rows = statements.map((one) => [
    String(one.number),
    WORDS[one.verdict],
    one.ovateMs.toFixed(1),
    one.druidMs.toFixed(1),
    `${one.faster.toFixed(1)}x`,
    `${one.hits}/${rounds}`,
    oneLine(one.sql),
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 1 || column === head.length - 1
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const lines = statements.flatMap(({ notes }, index) => [
    line(rows[index] ?? []),
    ...notes.map((note) => `     ${note}`),
  ])
  return [line(head), ...lines, '', summaryText(report), ''].join('\n')
}

/** The verdicts as people read them: in the report, the help and docs/operating.md. */
export const WORDS: Readonly<Record<Verdict, string>> = {
  different: 'different',
  error: 'an error on one side',
  moving: 'moving',
  refused: 'refused by both',
  order: 'same but for order',
  floating: 'same but for last bits',
  same: 'same',
}

function summary({ statements }: Report): Readonly<Record<Verdict, number>> {
  const count = (verdict: Verdict): number => statements.filter((one) => one.verdict === verdict).length
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(verdict)])) as Record<Verdict, number>
}

function summaryText(report: Report): string {
  const counts = summary(report)
  const words = VERDICTS.toReversed()
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => `${counts[verdict]} ${WORDS[verdict]}`)
  return `${report.statements.length} statements, ${report.rounds} rounds: ${words.join(', ')}: ${conclusion(report)}`
}

function conclusion(report: Report): string {
  if (hasDifferences(report)) return 'NOT ALIKE'
  return hasNothing(report) ? 'NOTHING COMPARED, no statement was answered by both' : 'alike'
}

function oneLine(sql: string): string {
  const text = sql.replaceAll(/\s+/g, ' ')
  return text.length <= SQL_WIDTH ? text : `${text.slice(0, SQL_WIDTH - 1)}…`
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}
