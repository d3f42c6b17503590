// CAST as Druid does it.
import { unknownForm } from './errors.ts'

const CASTS: Readonly<Record<string, (value: string, zone: string) => string>> = {
  VARCHAR: (value, zone) => `druid_text(${value}, ${zone})`,
  CHAR: (value, zone) => `druid_text(${value}, ${zone})`,
  BIGINT: (value) => `druid_bigint(${value})`,
  INTEGER: (value) => `druid_integer(${value})`,
  INT: (value) => `druid_integer(${value})`,
  DOUBLE: (value) => `CAST(${value} AS DOUBLE)`,
  FLOAT: (value) => `CAST(${value} AS FLOAT)`,
  TIMESTAMP: (value, zone) => `druid_time(${value}, ${zone})`,
  DATE: (value, zone) => `druid_date(${value}, ${zone})`,
  BOOLEAN: (value) => `CAST(${value} AS BOOLEAN)`,
}

/** `zone` is a text literal: whose clocks texts and days mean. @throws SandboxError for types that are not known. */
export function castTo(type: string, value: string, zone: string): string {
  const cast = Object.hasOwn(CASTS, type) ? CASTS[type] : undefined
  if (cast === undefined) throw unknownForm(`CAST to ${type}`)
  return cast(value, zone)
}
