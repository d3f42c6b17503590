// `parameters` of a request → expressions of DuckDB.
import { unknownForm } from './errors.ts'
import { instantLiteral, textLiteral } from './store.ts'

interface Parameter {
  readonly type: string
  readonly value: unknown
}

/** @throws SandboxError for types that the sandbox doesn't know. */
export function parameterTexts(parameters: readonly Parameter[]): readonly string[] {
  return parameters.map(({ type, value }) => {
    if (value === null) return 'NULL'
    switch (type.toUpperCase()) {
      case 'VARCHAR':
      case 'CHAR':
        return textLiteral(String(value))
      case 'BIGINT':
      case 'INTEGER':
      case 'DOUBLE':
      case 'FLOAT':
        return numberText(value)
      case 'TIMESTAMP':
        return instantLiteral(
          typeof value === 'number' ? value : Date.parse(`${String(value).replace(' ', 'T')}Z`),
        )
      default:
        throw unknownForm(`a parameter of type ${type}`)
    }
  })
}

function numberText(value: unknown): string {
  const text = String(value)
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw unknownForm(`the number ${text}`)
  return text
}
