// The tables that clients read at connect: a small part of INFORMATION_SCHEMA and sys, as values.
import { type Relation } from './select.ts'
import { type SandboxTable, textLiteral } from './store.ts'

const DRUID_TYPES = {
  VARCHAR: 'VARCHAR',
  BIGINT: 'BIGINT',
  DOUBLE: 'DOUBLE',
  FLOAT: 'FLOAT',
  TIMESTAMP: 'TIMESTAMP',
} as const

/** The relation of that name; undefined when the sandbox has none. Names are as Druid's: upper case. */
export function metadataRelation(
  schema: string,
  name: string,
  tables: ReadonlyMap<string, SandboxTable>,
): Relation | undefined {
  const all = [...tables.values()]
  switch (`${schema}.${name}`) {
    case 'INFORMATION_SCHEMA.SCHEMATA':
      return relation(
        ['CATALOG_NAME', 'SCHEMA_NAME'],
        ['INFORMATION_SCHEMA', 'druid', 'lookup', 'sys', 'view'].map((one) => ['druid', one]),
      )
    case 'INFORMATION_SCHEMA.TABLES':
      return relation(
        ['TABLE_CATALOG', 'TABLE_SCHEMA', 'TABLE_NAME', 'TABLE_TYPE'],
        all.map((table) => ['druid', 'druid', table.name, 'TABLE']),
      )
    case 'INFORMATION_SCHEMA.COLUMNS':
      return relation(
        ['TABLE_SCHEMA', 'TABLE_NAME', 'COLUMN_NAME', 'DATA_TYPE', 'IS_NULLABLE'],
        all.flatMap((table) =>
          [...table.columns].map(([column, kind]) => [
            'druid',
            table.name,
            column,
            DRUID_TYPES[kind],
            column === '__time' ? 'NO' : 'YES',
          ]),
        ),
      )
    default:
      return undefined
  }
}

function relation(columns: readonly string[], rows: readonly (readonly string[])[]): Relation {
  const names = columns.map((name) => `"${name}"`).join(', ')
  const none = `SELECT ${columns.map((name) => `'' AS "${name}"`).join(', ')} WHERE FALSE`
  const values = rows.map((row) => `(${row.map(textLiteral).join(', ')})`).join(', ')
  const source = rows.length === 0 ? `(${none})` : `(SELECT * FROM (VALUES ${values}) AS v(${names}))`
  return { columns, source: () => source }
}
