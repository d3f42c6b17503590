// Whether two answers say the same: text by text, doubles to the ninth digit, because sums depend on the order of rows.

const CLOSE = 1e-9

/** Both are bodies of `array` answers with all header rows; the first difference in words, or undefined. */
export function difference(ours: string, druids: string): string | undefined {
  if (ours === druids) return undefined
  // The sandbox has no DECIMAL: Druid computes those as doubles, too, and only names them so.
  const [mine, theirs] = [rows(ours), rows(druids.replaceAll('"DECIMAL"', '"DOUBLE"'))]
  if (mine === undefined || theirs === undefined)
    return `${ours.slice(0, 300)} instead of ${druids.slice(0, 300)}`
  if (mine.length !== theirs.length) return `${mine.length} rows instead of ${theirs.length}`
  const types = theirs[1] ?? []
  const at = theirs.findIndex((row, index) => !sameRow(mine[index] ?? [], row, types))
  return at < 0
    ? undefined
    : `row ${at}: ${JSON.stringify(mine[at])} instead of ${JSON.stringify(theirs[at])}`
}

type Row = readonly unknown[]

function rows(text: string): readonly Row[] | undefined {
  // Integers of 64 bits must keep their digits.
  const safe = text.replaceAll(/(?<=[[,])(-?\d{16,})(?=[\],])/g, '"$1"')
  try {
    const parsed: unknown = JSON.parse(safe)
    return Array.isArray(parsed) ? (parsed as Row[]) : undefined
  } catch {
    return undefined
  }
}

function sameRow(mine: Row, theirs: Row, types: Row): boolean {
  return (
    mine.length === theirs.length &&
    theirs.every((value, column) => sameCell(mine[column], value, types[column]))
  )
}

function sameCell(mine: unknown, theirs: unknown, type: unknown): boolean {
  if (mine === theirs) return true
  if (type !== 'DOUBLE' || typeof mine !== 'number' || typeof theirs !== 'number') return false
  return Math.abs(mine - theirs) <= CLOSE * Math.max(Math.abs(mine), Math.abs(theirs))
}
