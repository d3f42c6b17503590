// What all fuzzing has in common: Ovate in front of Brokers that echo, inputs by number, and what must hold at the end.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Random, randomOf } from '../cluster/random.ts'
import { type EchoStack, startEchoStack } from '../support/echo-stack.ts'
import { type OrdinaryClient, startOrdinaryClient } from '../support/ordinary-client.ts'
import { SEED } from '../support/seed.ts'

/** Inputs of each kind. */
export const COUNT = Number(process.env['OVATE_FUZZ'] ?? 200)
export const FUZZ_TIMEOUT_MS = 60_000 + COUNT * 1_000
/** An input that is not answered by then hangs. */
export const DEADLINE_MS = 60_000
/** So many at a time. */
const LANES = 16
/** The first inputs fill caches and make code ready: memory is looked at behind them. */
const WARM_SHARE = 0.3
const GROWTH_MAX_BYTES = 150_000_000
const BODY_MAX = 1_000_000

export interface Fuzzed {
  readonly world: EchoStack
  readonly random: Random
  /** `OVATE_SEED` and the number of the input, for messages. */
  readonly name: string
}

/**
 * Gives numbered inputs to Ovate; whatever `one` says is a finding, and so is what
 * else went wrong. Somebody else asks on meanwhile.
 */
export async function fuzz(
  kind: string,
  one: (fuzzed: Fuzzed) => Promise<string | undefined>,
): Promise<readonly string[]> {
  // What is held has a limit far below the growth that is allowed.
  const cache = { size: 4_000_000 }
  const listen = { maxBody: BODY_MAX, requestTimeout: '5s', headersTimeout: '2s' }
  const world = await startEchoStack({ cache, listen }, { brokerCount: 2 })
  const other = startOrdinaryClient(world.url)
  const findings: string[] = []
  const run = async (from: number, to: number): Promise<void> => {
    let next = from
    const lane = async (): Promise<void> => {
      while (next < to && findings.length < 10) {
        const number = next
        next += 1
        const name = `OVATE_SEED=${SEED} ${kind} ${number}`
        const found = await one({ world, random: randomOf(SEED + number * 7_919), name })
        if (found !== undefined) findings.push(`${name}: ${found}`)
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
  }
  const warm = Math.floor(COUNT * WARM_SHARE)
  await run(0, warm)
  const before = usedBytes()
  await run(warm, COUNT)
  const grownBytes = usedBytes() - before
  findings.push(...(await ended(world, other)))
  process.stderr.write(
    `${kind}: ${COUNT} inputs, OVATE_SEED=${SEED}, ${Math.round(grownBytes / 1e6)} MB more\n`,
  )
  if (grownBytes > GROWTH_MAX_BYTES) findings.push(`${grownBytes} bytes more are held`)
  return findings
}

/** Ends all of it; what was wrong beside the answers. */
async function ended(world: EchoStack, other: OrdinaryClient): Promise<string[]> {
  const wrong = (await other.stop()).map((what) => `somebody else: ${what}`)
  await world.quiet()
  await world.stop()
  return [...wrong, ...world.brokers.flatMap((broker) => broker.wrong.map((what) => `at a Broker: ${what}`))]
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** On the heap and beside it, after what can be collected was. */
function usedBytes(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
