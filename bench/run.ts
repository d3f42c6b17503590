// `npm run bench -- hit|miss|analyse|assemble|shared|lease|dashboard|stampede|replicas|soak [--quick] [--minutes N] [--json FILE]`:
// a missed aim is told, a wrong answer fails.
import { parseArgs } from 'node:util'
import { analyseBench } from './analyse.ts'
import { assembleBench } from './assemble.ts'
import { dashboardBench } from './dashboard.ts'
import { hitBench } from './hit.ts'
import { leaseBench } from './lease.ts'
import { missBench } from './miss.ts'
import { replicasBench } from './replicas.ts'
import { type Outcome, print, write } from './result.ts'
import { sharedBench } from './shared.ts'
import { soakBench } from './soak.ts'
import { stampedeBench } from './stampede.ts'

type Bench = (options: {
  readonly quick: boolean
  /** How long it runs, where that is for the caller to say. */
  readonly minutes?: number | undefined
}) => Promise<Outcome>

const BENCHES: Readonly<Record<string, Bench>> = {
  hit: hitBench,
  miss: missBench,
  assemble: assembleBench,
  shared: sharedBench,
  dashboard: dashboardBench,
  lease: leaseBench,
  stampede: stampedeBench,
  replicas: replicasBench,
  soak: soakBench,
  analyse: async (options) => ({ results: await analyseBench(options), wrong: 0, notes: [] }),
}

const USAGE = `npm run bench -- ${Object.keys(BENCHES).join('|')} [--quick] [--minutes N] [--json FILE]`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      json: { type: 'string' },
    },
  })
  const [name = '', ...rest] = positionals
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
  const isTime = minutes === undefined || minutes > 0
  if (bench === undefined || rest.length > 0 || !isTime) {
    console.error(USAGE)
    return 2
  }
  const outcome = await bench({ quick: values.quick, minutes })
  print(name, outcome)
  if (values.json !== undefined) write(values.json, name, outcome)
  return outcome.wrong === 0 ? 0 : 1
}

process.exit(await main())
