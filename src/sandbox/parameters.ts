// `parameters` of a request → expressions of DuckDB.
import { unknownForm } from './errors.ts'
import { instantLiteral, textLiteral } from './store.ts'
import { words } from './words.ts'

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
        return textLiteral(words(value))
      case 'BIGINT':
      case 'INTEGER':
      case 'DOUBLE':
      case 'FLOAT':
        return numberText(value)
      case 'TIMESTAMP':
        return instantLiteral(typeof value === 'number' ? value : Date.parse(isoText(words(value))))
      default:
        throw unknownForm(`a parameter of type ${type}`)
    }
  })
}

// Druid takes a blank or a T, with or without Z.
function isoText(text: string): string {
  return `${text.replace(' ', 'T').replace(/Z$/, '')}Z`
}

function numberText(value: unknown): string {
  const text = words(value)
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw unknownForm(`the number ${text}`)
  return text
}
