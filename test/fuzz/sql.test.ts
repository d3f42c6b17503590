// Texts of statements, right and broken, to the analysis: it ends, throws nothing, and what it reads it reads again.
import { expect, test } from 'vitest'
import { analyse } from '../../src/sql/analyse.ts'
import { randomOf } from '../cluster/random.ts'
import { SEED } from '../support/seed.ts'
import { randomStatement } from './statements.ts'
import { COUNT, FUZZ_TIMEOUT_MS } from './world.ts'

const OPTIONS = { timeZone: undefined, maxLength: 65_536, maxDepth: 64 }
/** Of the processor's time: no text of the corpus takes a hundredth. */
const CPU_MAX_MS = 5_000

test(
  `${COUNT} statements`,
  () => {
    let facts = 0
    for (let number = 0; number < COUNT; number += 1) {
      const sql = randomStatement(randomOf(SEED + number))
      const before = process.cpuUsage()
      const analysis = analyse(sql, OPTIONS)
      const tookMs = process.cpuUsage(before).user / 1_000
      expect([SEED, number, sql, tookMs < CPU_MAX_MS]).toEqual([SEED, number, sql, true])
      if (analysis.kind === 'unknown') continue
      facts += 1
      const again = analyse(analysis.facts.canonical, OPTIONS)
      const canonical = again.kind === 'facts' ? again.facts.canonical : again.reason
      expect([SEED, number, canonical]).toEqual([SEED, number, analysis.facts.canonical])
    }
    process.stderr.write(`sql: ${COUNT} statements, OVATE_SEED=${SEED}, ${facts} understood\n`)
  },
  FUZZ_TIMEOUT_MS,
)
