// What every bench gives, and what is made of it for people and for scripts.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'

export interface Result {
  readonly case: string
  readonly target: string
  /** Numbers only: units stand in the names (`p50Us`, `peakRssMb`). */
  readonly metrics: Readonly<Record<string, number>>
}

export interface Outcome {
  readonly results: readonly Result[]
  /** Answers that were not what they had to be. */
  readonly wrong: number
  /** Sentences for people: aims, what was left out and why. */
  readonly notes: readonly string[]
}

/** A table on stdout, the notes below it. */
export function print(name: string, { results, wrong, notes }: Outcome): void {
  console.log(`\n${name}`)
  const columns = [...new Set(results.map((result) => result.case))]
  for (const title of columns) {
    console.log(`\n  ${title}`)
    for (const { target, metrics } of results.filter((result) => result.case === title)) {
      const figures = Object.entries(metrics).map(([key, value]) => `${key} ${format(value)}`)
      console.log(`    ${target.padEnd(18)} ${figures.join('   ')}`)
    }
  }
  console.log('')
  for (const note of notes) console.log(`  ${note}`)
  console.log(`  wrong answers: ${wrong}\n`)
}

function format(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 })
}

/** The JSON of design §10. */
export function write(file: string, name: string, { results, wrong }: Outcome): void {
  writeFileSync(file, `${JSON.stringify({ name, machine: machine(), results, wrong }, undefined, 2)}\n`)
}

function machine(): Record<string, string | number> {
  const all = cpus()
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  const commit = output('git', ['rev-parse', '--short', 'HEAD'], 'stdout')
  const nginx = output('nginx', ['-v'], 'stderr').replace('nginx version: ', '')
  const wrk = output('wrk', ['-v'], 'stdout').split(' [')[0] ?? ''
  const cpu = all[0]?.model ?? ''
  const date = new Date().toISOString()
  return { cpu, cores: all.length, memoryGiB, node: process.version, nginx, wrk, commit, date }
}

function output(command: string, args: readonly string[], from: 'stdout' | 'stderr'): string {
  const ran = spawnSync(command, args, { encoding: 'utf8', timeout: 5_000 })
  return (ran.error === undefined ? ran[from] : '').trim().split('\n')[0] ?? ''
}

/** The middle of some numbers, or another share of them (0.9: 90 % are not above it); 0 of none. */
export function quantile(values: readonly number[], share = 0.5): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
