// Values of DuckDB → cells of Druid's answers, and the types that Druid would name.
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { doubleText, floatText } from '../result/java-text.ts'
import { zonedText } from './zones.ts'

export interface ColumnType {
  /** Druid's native type. */
  readonly native: string
  readonly sql: string
  /** The cell's JSON text for a value that isn't null; times are printed in the zone. */
  readonly text: (value: DuckDBValue, zone: string) => string
}

const INTEGER_TEXT = (value: DuckDBValue): string => BigInt.asIntN(64, BigInt(String(value))).toString()
const BIGINT: ColumnType = { native: 'LONG', sql: 'BIGINT', text: INTEGER_TEXT }
const DOUBLE_COLUMN: ColumnType = {
  native: 'DOUBLE',
  sql: 'DOUBLE',
  text: (value) => number(doubleText(Number(value))),
}

/** By DuckDB's name of a type. */
const TYPES: Readonly<Record<string, ColumnType>> = {
  BIGINT,
  HUGEINT: BIGINT,
  UBIGINT: BIGINT,
  INTEGER: { native: 'LONG', sql: 'INTEGER', text: INTEGER_TEXT },
  TINYINT: { native: 'LONG', sql: 'INTEGER', text: INTEGER_TEXT },
  SMALLINT: { native: 'LONG', sql: 'INTEGER', text: INTEGER_TEXT },
  DOUBLE: DOUBLE_COLUMN,
  FLOAT: { native: 'FLOAT', sql: 'FLOAT', text: (value) => number(floatText(Number(value))) },
  VARCHAR: { native: 'STRING', sql: 'VARCHAR', text: (value) => JSON.stringify(value) },
  BOOLEAN: { native: 'LONG', sql: 'BOOLEAN', text: String },
  TIMESTAMP: {
    native: 'LONG',
    sql: 'TIMESTAMP',
    text: (value, zone) => instant(Number((value as { micros: bigint }).micros / 1_000n), zone),
  },
  TIMESTAMP_S: {
    native: 'LONG',
    sql: 'DATE',
    text: (value, zone) => instant(Number((value as { seconds: bigint }).seconds) * 1_000, zone),
  },
  '"NULL"': { native: 'STRING', sql: 'NULL', text: String },
}

/** The column type for a type of DuckDB; undefined for those that the sandbox has no words for. */
export function columnType(type: DuckDBType): ColumnType | undefined {
  return TYPES[String(type).replace(/\(.*/, '')]
}

// JSON has no words for these: Druid writes them as texts.
function number(text: string): string {
  return /^-?(NaN|Infinity)$/.test(text) ? `"${text}"` : text
}

function instant(ms: number, zone: string): string {
  return `"${zonedText(ms, zone)}"`
}
