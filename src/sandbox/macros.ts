// What DuckDB does another way than Druid, as macros of DuckDB that look at the types of what they are given.
// A DATE of Druid is an instant, printed as one: here it is a TIMESTAMP_S, so that it keeps its name.

const INTEGERS = ['INTEGER', 'BIGINT', 'HUGEINT'] as const
const INTEGER_NAMES = INTEGERS.map((type) => `'${type}'`).join(', ')
const NUMBERS = ['BOOLEAN', ...INTEGERS, 'FLOAT', 'DOUBLE'] as const

/** Clocks of a zone, as a timestamp without one, and back. */
const local = (time: string): string => `timezone(zone, timezone('UTC', ${time}))`
const instant = (clock: string): string => `timezone('UTC', timezone(zone, ${clock}))`

const parsed = `CASE WHEN regexp_matches(a, '\\d(Z|[+-]\\d\\d:?\\d\\d)$') AND contains(a, ':')
  THEN timezone('UTC', CAST(a AS TIMESTAMPTZ)) ELSE ${instant('CAST(a AS TIMESTAMP)')} END`

function macro(name: string, ...forms: readonly string[]): string {
  return `CREATE MACRO ${name}${forms.map((form) => `\n  ${form}`).join(',')}`
}

/** An instant's clock with the offset that the zone has when UTC's clock shows the same. */
const readAgain = `(${local('a')} - (${local(local('a'))} - ${local('a')}))`

const dayOf = (time: string): string => `CAST(${instant(`date_trunc('day', ${local(time)})`)} AS TIMESTAMP_S)`

/** Statements that make them. They were compared with Druid 33.0.0 (test/sandbox/statements.ts). */
export const MACROS: readonly string[] = [
  // Integers refuse 0; doubles reach the infinities. Not by types of parameters: those of aggregates aren't known there.
  macro(
    'druid_divide',
    `(a, b) AS CASE WHEN b <> 0 THEN a / b WHEN a IS NULL OR b IS NULL THEN NULL
  WHEN typeof(a / b) IN (${INTEGER_NAMES}) THEN error('/ by zero')
  ELSE cast_to_type(CASE WHEN a > 0 THEN 'Infinity' WHEN a < 0 THEN '-Infinity' WHEN a = 0 THEN 'NaN' END, a / b) END`,
  ),
  // Sums of BIGINT wrap.
  macro(
    'druid_wrap',
    `(a) AS CASE WHEN typeof(a) = 'HUGEINT' THEN
  (((a + 9223372036854775808) % 18446744073709551616) + 18446744073709551616) % 18446744073709551616 - 9223372036854775808
  ELSE a END`,
  ),
  // Of integers integers.
  ...['floor', 'ceil'].map((name) =>
    macro(
      `druid_${name}`,
      `(a) AS CASE WHEN typeof(a) IN (${INTEGER_NAMES}) THEN a ELSE cast_to_type(${name}(a), a) END`,
    ),
  ),
  // Druid has no MIN and MAX of texts.
  macro('druid_number', ...[...NUMBERS, 'TIMESTAMP', 'TIMESTAMP_S'].map((type) => `(a ${type}) AS a`)),
  // Java's order of texts, by UTF-16 units: U+E000 to U+FFFF come behind all that takes two units.
  macro(
    'druid_sorted',
    `(a VARCHAR) AS regexp_replace(a, '([\\x{E000}-\\x{FFFF}])', chr(1114111) || '\\1', 'g')`,
    ...[...NUMBERS, 'TIMESTAMP', 'TIMESTAMP_S'].map((type) => `(a ${type}) AS a`),
  ),
  macro(
    'druid_time',
    `(a VARCHAR, zone) AS ${parsed}`,
    '(a TIMESTAMP, zone) AS a',
    '(a BIGINT, zone) AS make_timestamp(a * 1000)',
  ),
  // As `foldedMs`.
  macro(
    'druid_folded',
    `(a TIMESTAMP, zone) AS CASE WHEN ${local(readAgain)} = ${local('a')} THEN ${readAgain} ELSE a END`,
    ...['TIMESTAMP_S', 'VARCHAR', ...NUMBERS].map((type) => `(a ${type}, zone) AS a`),
  ),
  macro(
    'druid_date',
    `(a VARCHAR, zone) AS ${dayOf('druid_time(a, zone)')}`,
    `(a TIMESTAMP, zone) AS ${dayOf('a')}`,
  ),
  // A text beside a time is a time; beside a text it stays what it is.
  macro(
    'druid_beside',
    '(a VARCHAR, other TIMESTAMP, zone) AS druid_time(a, zone)',
    '(a VARCHAR, other VARCHAR, zone) AS a',
    '(a VARCHAR, other BIGINT, zone) AS CAST(a AS BIGINT)',
  ),
  macro(
    'druid_text',
    '(a TIMESTAMP, zone) AS strftime(' + local('a') + ", '%Y-%m-%d %H:%M:%S')",
    '(a VARCHAR, zone) AS a',
    ...NUMBERS.map((type) => `(a ${type}, zone) AS CAST(a AS VARCHAR)`),
  ),
  ...(['BIGINT', 'INTEGER'] as const).map((type) =>
    macro(
      `druid_${type.toLowerCase()}`,
      `(a DOUBLE) AS CAST(trunc(a) AS ${type})`,
      `(a VARCHAR) AS TRY_CAST(a AS ${type})`,
      `(a TIMESTAMP) AS CAST(epoch_ms(a) AS ${type})`,
      ...['BOOLEAN', ...INTEGERS].map((from) => `(a ${from}) AS CAST(a AS ${type})`),
    ),
  ),
  // Clocks, cut; hours and less keep the offset that they had, longer ones begin at a clock of the zone.
  macro('druid_cut_short', `(a, unit, zone) AS a - (${local('a')} - date_trunc(unit, ${local('a')}))`),
  macro('druid_cut', `(a, unit, zone) AS ${instant(`date_trunc(unit, ${local('a')})`)}`),
  // Several hours count from the zone's 1970, several days and more from its clocks of 1970.
  macro('druid_steps_short', `(a, step, zone) AS time_bucket(step, a, ${instant("TIMESTAMP '1970-01-01'")})`),
  macro(
    'druid_steps',
    `(a, step, zone) AS ${instant(`time_bucket(step, ${local('a')}, TIMESTAMP '1970-01-01')`)}`,
  ),
  macro(
    'druid_steps_from',
    `(a, step, origin, zone) AS ${instant(`time_bucket(step, ${local('a')}, ${local('origin')})`)}`,
  ),
  macro('druid_shift', `(a, step, zone) AS ${instant(`(${local('a')} + step)`)}`),
  macro('druid_local', `(a, zone) AS ${local('a')}`),
]
