// What more replicas and a shared cache change, as ratios within the run.
import { type Result } from '../result.ts'
import { type Setup, SETUPS, titleOf } from './setups.ts'

/** Below so many cores for each replica, and as many for the rest, more replicas only share what there is. */
const CORES_EACH = 1
const CORES_OTHERS = 3

export function notesOf(results: readonly Result[], clients: number, cores: number): readonly string[] {
  const figure = (setup: Setup, key: string): number =>
    results.find(({ target }) => target === titleOf(setup))?.metrics[key] ?? Number.NaN
  const most = Math.max(...SETUPS.map(({ replicas }) => replicas))
  return [
    `${clients} clients without pause; each setup has new replicas; one Broker, without a result-level cache`,
    coresNote(cores, most),
    ...SETUPS.filter(({ replicas }) => replicas > 1).map((setup) => {
      const one = { ...setup, replicas: 1 }
      const [queries, first] = [setup, one].map((of) => figure(of, 'druidQueriesPer1000'))
      const ratio = figure(setup, 'requestsPerSecond') / figure(one, 'requestsPerSecond')
      return (
        `${titleOf(setup)}: ${ratio.toFixed(2)} × the requests/s of one, ` +
        `${((queries ?? Number.NaN) / (first ?? Number.NaN)).toFixed(2)} × its Druid queries per request; ` +
        `hits ${percent(figure(setup, 'hitShare'))} (one: ${percent(figure(one, 'hitShare'))})`
      )
    }),
    sharedNote(most, figure),
  ]
}

function coresNote(cores: number, replicas: number): string {
  const enough = cores >= replicas * CORES_EACH + CORES_OTHERS
  return enough
    ? `${cores} cores for replicas, Druid, ZooKeeper, Redis and the clients`
    : `ONLY ${cores} CORES for replicas, Druid, ZooKeeper, Redis and the clients: requests/s can't grow with replicas here`
}

function sharedNote(replicas: number, figure: (setup: Setup, key: string) => number): string {
  const [shared, own] = [true, false].map((is) => ({ replicas, shared: is }))
  const of = (key: string): string =>
    shared === undefined || own === undefined ? '' : (figure(shared, key) / figure(own, key)).toFixed(2)
  return `${replicas} replicas that share: ${of('druidQueriesPer1000')} × the Druid queries per request of those that don't, ${of('requestsPerSecond')} × the requests/s`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
