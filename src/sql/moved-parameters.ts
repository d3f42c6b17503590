// Whether the text that fetches parts would have the client's `?` in their order: values are given by order alone.
import { type Grouped, type Stretch } from '../plan/grouped.ts'
import { type View } from './view.ts'

type Texts = Pick<Grouped, 'bucket' | 'dimensions' | 'aggregates' | 'order' | 'texts'>

/** Whether one of the `?`, other than those of bounds and at the end, would stand twice, or before another than it does. */
export function movesParameters(
  { bucket, dimensions, aggregates, order, texts }: Texts,
  view: View,
): boolean {
  const places = view.tokens.filter(({ kind }) => kind === 'parameter').map(({ start }) => start)
  if (places.length === 0) return false
  const holds = ({ text }: { readonly text: Stretch }): boolean => places.some((place) => isIn(place, text))
  if (order.some((key) => key.column === undefined && holds(key))) return true
  // Written once more, where DISTINCT becomes the GROUP BY that it is, and in each text of a merge.
  const isTwice = bucket === undefined || texts.distinct !== undefined
  if (isTwice && [...dimensions, ...(bucket === undefined ? [] : [bucket])].some(holds)) return true
  if (bucket !== undefined) return false
  const given = aggregates.filter(holds)
  return given.some(
    ({ kind, text }, at) =>
      // An average is fetched as a sum and a count.
      kind === 'avg' || !isIn(text.from, texts.select) || text.from < (given[at - 1]?.text.from ?? 0),
  )
}

function isIn(place: number, { from, to }: Stretch): boolean {
  return place >= from && place < to
}
