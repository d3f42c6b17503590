// Writes the pages of docs/ that are made from code.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configurationReference } from '../../src/config/reference.ts'

writeFileSync(join(import.meta.dirname, '../../docs/configuration.md'), configurationReference())
