// The configuration file as plain data.
import { readFileSync } from 'node:fs'
import { type Document, LineCounter, parseDocument } from 'yaml'
import { OvateError } from '../errors.ts'
import { type Problem } from './problems.ts'

type Json = Record<string, unknown>

/** What a YAML file holds, and what in it is no YAML. @throws OvateError OVATE_CONFIG when it can't be read. */
export function readYaml(file: string): { readonly raw: Json; readonly problems: readonly Problem[] } {
  const lines = new LineCounter()
  const document = parseDocument(textOf(file), { prettyErrors: false, lineCounter: lines, logLevel: 'error' })
  if (document.errors.length > 0) {
    // The parser's own messages quote the line, which may hold a password.
    const problems = document.errors.map(({ code, pos: [start] }) => {
      const { line, col } = lines.linePos(start)
      const what = code.toLowerCase().replaceAll('_', ' ')
      return { path: file, message: `no YAML at line ${line}, column ${col}: ${what}` }
    })
    return { raw: {}, problems }
  }
  const value = dataOf(document)
  if (value === null || value === undefined) return { raw: {}, problems: [] }
  if (typeof value === 'object' && !Array.isArray(value)) return { raw: value as Json, problems: [] }
  const message = typeof value === 'symbol' ? ALIAS : 'a configuration is a map of sections: listen, druid, …'
  return { raw: {}, problems: [{ path: file, message }] }
}

const BAD_ALIAS = Symbol('an alias that can not be resolved')
const ALIAS =
  'a value that begins with * stands for an anchor that is not there, or for too many: put it in quotes'

// Its error is not kept as a cause: it names the alias, which may be a password that lacks its quotes.
function dataOf(document: Document): unknown {
  try {
    return document.toJS()
  } catch {
    return BAD_ALIAS
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new OvateError('OVATE_CONFIG', `the configuration ${file} can't be read`, { cause: error })
  }
}
