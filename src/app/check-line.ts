/** What was tried, and what came of it. */
export interface CheckLine {
  readonly level: 'ok' | 'warn' | 'fail'
  readonly text: string
}
