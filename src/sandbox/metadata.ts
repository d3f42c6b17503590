// The tables that clients read at connect: INFORMATION_SCHEMA as far as they ask, and sys.servers, as values.
import { type Relation } from './surroundings.ts'
import { type ColumnKind, type SandboxTable, textLiteral } from './store.ts'

type Cell = string | number | null

interface Surface {
  readonly columns: Readonly<Record<string, 'VARCHAR' | 'BIGINT'>>
  readonly rows: readonly (readonly Cell[])[]
}

/** What the sandbox says of itself. */
export interface ServerFacts {
  readonly host: string
  readonly port: number
  readonly startTime: string
}

/** The relation of that name; undefined when the sandbox has none. Names are as Druid 33 has them, case and all. */
export function metadataRelation(
  name: string,
  tables: ReadonlyMap<string, SandboxTable>,
  server: ServerFacts,
): Relation | undefined {
  switch (name) {
    case 'INFORMATION_SCHEMA.SCHEMATA':
      return relation(schemata())
    case 'INFORMATION_SCHEMA.TABLES':
      return relation(tablesOf([...tables.values()]))
    case 'INFORMATION_SCHEMA.COLUMNS':
      return relation(columnsOf([...tables.values()]))
    case 'sys.servers':
      return relation(servers(server))
    default:
      return undefined
  }
}

function schemata(): Surface {
  const rows = ['druid', 'INFORMATION_SCHEMA', 'lookup', 'sys', 'view'].map((name) => ['druid', name, null])
  return { columns: { CATALOG_NAME: 'VARCHAR', SCHEMA_NAME: 'VARCHAR', SCHEMA_OWNER: 'VARCHAR' }, rows }
}

const SYSTEM_TABLES = [
  ['INFORMATION_SCHEMA', 'COLUMNS'],
  ['INFORMATION_SCHEMA', 'SCHEMATA'],
  ['INFORMATION_SCHEMA', 'TABLES'],
  ['sys', 'servers'],
] as const

function tablesOf(tables: readonly SandboxTable[]): Surface {
  const own = tables.map(({ name }) => ['druid', 'druid', name, 'TABLE', 'NO', 'NO'])
  const system = SYSTEM_TABLES.map(([schema, name]) => ['druid', schema, name, 'SYSTEM_TABLE', 'NO', 'NO'])
  const names = ['TABLE_CATALOG', 'TABLE_SCHEMA', 'TABLE_NAME', 'TABLE_TYPE', 'IS_JOINABLE', 'IS_BROADCAST']
  return { columns: texts(names), rows: [...own, ...system] }
}

/** As java.sql.Types numbers them. */
const JDBC_TYPES: Readonly<Record<ColumnKind, number>> = {
  VARCHAR: 12,
  BIGINT: -5,
  DOUBLE: 8,
  FLOAT: 6,
  TIMESTAMP: 93,
}

function columnsOf(tables: readonly SandboxTable[]): Surface {
  const rows = tables.flatMap(({ name, columns }) =>
    [...columns].map(([column, kind], index) => columnRow(name, column, kind, index)),
  )
  const names = ['TABLE_CATALOG', 'TABLE_SCHEMA', 'TABLE_NAME', 'COLUMN_NAME']
  const more = { ORDINAL_POSITION: 'BIGINT', COLUMN_DEFAULT: 'VARCHAR', IS_NULLABLE: 'VARCHAR' } as const
  return { columns: { ...texts(names), ...more, DATA_TYPE: 'VARCHAR', JDBC_TYPE: 'BIGINT' }, rows }
}

function columnRow(table: string, column: string, kind: ColumnKind, index: number): readonly Cell[] {
  const nullable = column === '__time' ? 'NO' : 'YES'
  return ['druid', 'druid', table, column, index + 1, '', nullable, kind, JDBC_TYPES[kind]]
}

function servers({ host, port, startTime }: ServerFacts): Surface {
  const numbers = { plaintext_port: 'BIGINT', tls_port: 'BIGINT' } as const
  const sizes = { curr_size: 'BIGINT', max_size: 'BIGINT', is_leader: 'BIGINT' } as const
  const columns = {
    ...texts(['server', 'host']),
    ...numbers,
    ...texts(['server_type', 'tier']),
    ...sizes,
    ...texts(['start_time']),
  }
  const rows = [[`${host}:${port}`, host, port, -1, 'broker', null, 0, 0, null, startTime]]
  return { columns, rows }
}

function texts(names: readonly string[]): Readonly<Record<string, 'VARCHAR'>> {
  return Object.fromEntries(names.map((name) => [name, 'VARCHAR']))
}

function relation({ columns, rows }: Surface): Relation {
  const names = Object.keys(columns)
  const typed = Object.entries(columns).map(([name, type]) => `CAST("${name}" AS ${type}) AS "${name}"`)
  const none = `(${names.map(() => 'NULL').join(', ')})`
  const values = rows.length === 0 ? none : rows.map((row) => `(${row.map(cell).join(', ')})`).join(', ')
  const quotedNames = names.map((name) => `"${name}"`).join(', ')
  const where = rows.length === 0 ? ' WHERE FALSE' : ''
  const source = `(SELECT ${typed.join(', ')} FROM (VALUES ${values}) AS v(${quotedNames})${where})`
  return { columns: names, source: () => source }
}

function cell(value: Cell): string {
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : textLiteral(value)
}
