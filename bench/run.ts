// `npm run bench -- hit|miss|analyse|assemble|shared|lease|dashboard|stampede|replicas [--quick] [--json FILE]`: a missed aim is told, a wrong answer fails.
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
import { stampedeBench } from './stampede.ts'

type Bench = (options: { readonly quick: boolean }) => Promise<Outcome>

const BENCHES: Readonly<Record<string, Bench>> = {
  hit: hitBench,
  miss: missBench,
  assemble: assembleBench,
  shared: sharedBench,
  dashboard: dashboardBench,
  lease: leaseBench,
  stampede: stampedeBench,
  replicas: replicasBench,
  analyse: async (options) => ({ results: await analyseBench(options), wrong: 0, notes: [] }),
}

const USAGE = `npm run bench -- ${Object.keys(BENCHES).join('|')} [--quick] [--json FILE]`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
  })
  const [name = '', ...rest] = positionals
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
  if (bench === undefined || rest.length > 0) {
    console.error(USAGE)
    return 2
  }
  const outcome = await bench({ quick: values.quick })
  print(name, outcome)
  if (values.json !== undefined) write(values.json, name, outcome)
  return outcome.wrong === 0 ? 0 : 1
}

process.exit(await main())
