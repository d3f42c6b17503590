// The seeded datasources: how rows become columns. Used for loading and for every later change.

/** A datasource's part of Druid's `dataSchema`; rows are JSON with the time in `ts`, ISO or milliseconds. */
interface Schema {
  readonly dimensions: readonly object[]
  readonly metrics: readonly object[]
  readonly rollup: boolean
  readonly queryGranularity: 'NONE' | 'HOUR'
}

interface DatasourceSchema extends Schema {
  /** Rows as they were sent, for datasources whose stored rows are fewer. */
  readonly countSql: string
}

/** A datasource that a test makes for itself. */
export interface OwnDatasource {
  readonly name: string
  readonly schema: Schema
}

export const text = (name: string): object => ({ type: 'string', name })
export const long = (name: string): object => ({ type: 'long', name })
export const sum = (type: 'long' | 'double' | 'float', name: string): object => ({
  type: `${type}Sum`,
  name,
  fieldName: name,
})

/**
 * `events` has a multi-value dimension (tags), null and empty texts (city, referrer), 64-bit integers past 2^53
 * (reqId), a FLOAT (latency) and DOUBLEs (price; weight with the extremes). Druid ingests metrics as sums, which keep
 * nulls. `dst` is small and lies round both changes of US time.
 */
const DATASOURCES = {
  events: {
    dimensions: [
      ...['country', 'city', 'channel', 'page', 'user', 'device'].map(text),
      long('isRobot'),
      text('tags'),
      text('referrer'),
      long('reqId'),
      { type: 'double', name: 'weight' },
    ],
    metrics: [
      sum('long', 'added'),
      sum('long', 'deleted'),
      sum('long', 'delta'),
      sum('double', 'price'),
      sum('float', 'latency'),
    ],
    rollup: false,
    queryGranularity: 'NONE',
    countSql: 'COUNT(*)',
  },
  events_rollup: {
    dimensions: [text('country'), text('channel'), text('device'), long('isRobot')],
    metrics: [
      { type: 'count', name: 'cnt' },
      sum('long', 'added'),
      sum('double', 'price'),
      { type: 'HLLSketchBuild', name: 'users_hll', fieldName: 'user', lgK: 12, tgtHllType: 'HLL_4' },
      { type: 'thetaSketch', name: 'users_theta', fieldName: 'user', size: 4096 },
      { type: 'quantilesDoublesSketch', name: 'price_q', fieldName: 'price', k: 128 },
    ],
    rollup: true,
    queryGranularity: 'HOUR',
    countSql: 'SUM(cnt)',
  },
  dst: {
    dimensions: [text('country'), text('device')],
    metrics: [sum('long', 'added'), sum('double', 'price')],
    rollup: false,
    queryGranularity: 'NONE',
    countSql: 'COUNT(*)',
  },
} as const satisfies Record<string, DatasourceSchema>

export type DatasourceName = keyof typeof DATASOURCES
/** One of the seed, or a test's own. */
export type Datasource = DatasourceName | OwnDatasource

export function nameOf(datasource: Datasource): string {
  return typeof datasource === 'string' ? datasource : datasource.name
}

/** SQL that counts the rows that were sent to a datasource. */
export function countSql(datasource: DatasourceName): string {
  return `SELECT ${DATASOURCES[datasource].countSql} AS n FROM "${datasource}"`
}

export interface IngestOptions {
  readonly datasource: Datasource
  readonly inputSource: object
  /** Absent for the `druid` input source, which needs none. */
  readonly inputFormat?: object
  /** ISO `start/end`, whole days of UTC. Absent when appending. */
  readonly intervals?: readonly string[]
  readonly append?: boolean
  /** Druid's `transformSpec`. */
  readonly transform?: object
  readonly subTasks?: number
}

/** The native batch task (index_parallel, DAY segments) that loads rows into a datasource. */
export function ingestTask(options: IngestOptions): object {
  const { datasource, inputSource, inputFormat, intervals, append = false, transform, subTasks = 1 } = options
  const schema: Schema = typeof datasource === 'string' ? DATASOURCES[datasource] : datasource.schema
  const fromDruid = inputFormat === undefined
  const dataSchema = {
    dataSource: nameOf(datasource),
    timestampSpec: fromDruid ? { column: '__time', format: 'millis' } : { column: 'ts', format: 'auto' },
    dimensionsSpec: { dimensions: schema.dimensions },
    metricsSpec: schema.metrics,
    granularitySpec: {
      type: 'uniform',
      segmentGranularity: 'DAY',
      queryGranularity: schema.queryGranularity,
      rollup: schema.rollup,
      ...(intervals === undefined ? {} : { intervals }),
    },
    ...(transform === undefined ? {} : { transformSpec: transform }),
  }
  const ioConfig = {
    type: 'index_parallel',
    inputSource,
    ...(fromDruid ? {} : { inputFormat }),
    appendToExisting: append,
    dropExisting: !append && fromDruid,
  }
  const tuningConfig = {
    type: 'index_parallel',
    maxNumConcurrentSubTasks: subTasks,
    partitionsSpec: { type: 'dynamic' },
    maxRowsInMemory: 50_000,
  }
  return { type: 'index_parallel', spec: { ioConfig, dataSchema, tuningConfig } }
}
