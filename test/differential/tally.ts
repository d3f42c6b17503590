// How answers were come by, counted: it shows whether what is to be tested was used at all.
import { type Likeness } from './compare.ts'

type Group = 'asked' | 'cache' | 'detail' | 'likeness' | 'step' | 'parts' | 'passed' | 'reason' | 'status'

export class Tally {
  readonly #counts = new Map<string, Map<string, number>>()

  add(group: Group, name: string): void {
    const names = this.#counts.get(group) ?? new Map<string, number>()
    this.#counts.set(group, names.set(name, (names.get(name) ?? 0) + 1))
  }

  /** By `Cache-Status`: hit, miss or bypass, and the plan that it names. */
  answered(cacheStatus: string, likeness: Likeness | 'different' | 'moving'): void {
    this.add('asked', 'all')
    this.add('cache', /; (?:fwd=)?([a-z]+)/.exec(cacheStatus)?.[1] ?? 'none')
    this.add('detail', /detail="(\w+)/.exec(cacheStatus)?.[1] ?? 'none')
    const reason = /detail="pass ([\w-]+)/.exec(cacheStatus)?.[1]
    if (reason !== undefined) this.add('passed', reason)
    this.add('likeness', likeness)
  }

  count(group: Group, name: string): number {
    return this.#counts.get(group)?.get(name) ?? 0
  }

  /** One line for each group. */
  text(): string {
    return [...this.#counts]
      .map(([group, names]) => {
        const all = [...names].toSorted(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`)
        return `  ${group.padEnd(9)} ${all.join(', ')}\n`
      })
      .join('')
  }
}
