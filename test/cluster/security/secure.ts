// The cluster that knows users, for tests: started when the first of them wants it, stopped by the global setup.
import { inject } from 'vitest'
import { appendRows, removeDatasource } from '../changes.ts'
import { findCluster, startCluster, type Cluster } from '../cluster.ts'
import { type OwnDatasource, sum, text } from '../datasources.ts'
import { sqlRows } from '../http.ts'
import { portOf } from '../services.ts'
import { waitUntil, within } from '../wait.ts'
import { secureOffset } from './offset.ts'

const VISIBLE_MS = 60_000

/** Finds it or starts it, without data. */
export async function secureCluster(): Promise<Cluster> {
  const offset = secureOffset(inject('clusterOffset') ?? 0)
  const found = findCluster(offset, 'secure')
  return await startCluster({ offset, data: found?.seeded?.size ?? 'none', profile: 'secure' })
}

/** Where a Broker is asked by whoever says who he is. */
export function brokerOf({ offset }: Cluster): string {
  return `http://127.0.0.1:${portOf('broker1', offset)}`
}

export interface OwnedRow {
  readonly ts: number
  readonly owner: string
  readonly page: string
  readonly added: number
}

/** Rows that each belong to somebody, in a datasource of the test's own. */
export class OwnedTable {
  readonly name: string
  readonly #cluster: Cluster

  constructor(cluster: Cluster, name: string) {
    this.#cluster = cluster
    this.name = name
  }

  async load(rows: readonly OwnedRow[]): Promise<void> {
    await appendRows(this.#cluster, this.#datasource, rows)
    const [broker = ''] = this.#cluster.brokers
    // A Broker's SQL knows a new datasource some time after its timeline does.
    const isSeen = async (): Promise<boolean> =>
      (await sqlRows(broker, `SELECT COUNT(*) AS n FROM "${this.name}"`))[0]?.['n'] === rows.length
    await waitUntil(`the rows of ${this.name}`, isSeen, within(VISIBLE_MS))
  }

  remove(): Promise<void> {
    return removeDatasource(this.#cluster, this.#datasource)
  }

  get #datasource(): OwnDatasource {
    const dimensions = [text('owner'), text('page')]
    const schema = {
      dimensions,
      metrics: [sum('long', 'added')],
      rollup: false,
      queryGranularity: 'NONE' as const,
    }
    return { name: this.name, schema }
  }
}
