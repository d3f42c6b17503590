// Whether tests have the time for all of their cases and rounds: with OVATE_THOROUGH=1, else for a part of them.
import { SEED } from './seed.ts'

export const THOROUGH = process.env['OVATE_THOROUGH'] === '1'

/** All of a list where there is time, else one of every `of`: other ones with each seed. */
export function someOf<Item>(list: readonly Item[], of: number): readonly Item[] {
  return THOROUGH ? list : list.filter((_, at) => (at + SEED) % of === 0)
}
