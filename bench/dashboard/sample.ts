// Some of many, picked by a seed.
import { randomOf } from '../../test/cluster/random.ts'

/** So many of the items, in their order; all where there are no more. */
export function sampleOf<Item>(items: readonly Item[], size: number, seed: number): readonly Item[] {
  if (items.length <= size) return items
  const random = randomOf(seed)
  let [wanted, left] = [size, items.length]
  return items.filter(() => {
    const isPicked = random.next() * left < wanted
    left -= 1
    if (isPicked) wanted -= 1
    return isPicked
  })
}
