// What docs/operating.md gives to be copied: files (`file=NAME`), commands (`run`), and what those say (`says`).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Block =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  /** `says`: what has to occur in its output, one a line. */
  | { readonly kind: 'run'; readonly text: string; readonly says: readonly string[] }

// A fence with a word behind its language, at the start of a line.
const FENCE = /^```(\w+) (?:file=(\S+)|(run)|(says))\n([^]*?)^```$/gm
const HEADING = /^(?=#{2,3} )/m

/** Those under one heading, in the order of the page. */
export function operatingBlocks(heading: string): readonly Block[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operating.md'), 'utf8')
  const section = page.split(HEADING).find((text) => text.startsWith(`### ${heading}\n`))
  if (section === undefined) throw new Error(`the page has no ${heading}`)
  const blocks: Block[] = []
  for (const [, , name, run, , text = ''] of section.matchAll(FENCE)) {
    const last = blocks.at(-1)
    if (name !== undefined) blocks.push({ kind: 'file', name, text })
    else if (run !== undefined) blocks.push({ kind: 'run', text, says: [] })
    else if (last?.kind === 'run')
      blocks.splice(-1, 1, { ...last, says: text.split('\n').filter((line) => line !== '') })
    else throw new Error(`nothing was run that could say: ${text}`)
  }
  return blocks
}
