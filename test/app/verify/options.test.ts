import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyOptions, type VerifyArguments } from '../../../src/app/verify/options.ts'
import { parseConfig } from '../../../src/config/config.ts'

const file = join(mkdtempSync(join(tmpdir(), 'ovate-verify-')), 'statements.sql')
writeFileSync(file, 'SELECT 1;\nSELECT 2\n')
const GIVEN: VerifyArguments = { sql: file, rounds: 3, concurrency: 2, timeout: 60 }
const NOTHING = { config: undefined, environment: {} }
const DRUID = { druid: 'http://broker:8082' }

describe('the command line of verify', () => {
  test('is read into statements and two sides', () => {
    const { statements, rounds, concurrency } = verifyOptions({ ...GIVEN, ...DRUID }, NOTHING)
    expect([statements.map(({ sql }) => sql), rounds, concurrency]).toEqual([['SELECT 1', 'SELECT 2'], 3, 2])
  })

  test('finds both in a configuration', () => {
    const config = parseConfig({ druid: { brokers: ['http://broker:8082'] }, listen: { host: '::' } })
    expect(verifyOptions(GIVEN, { config, environment: {} }).statements).toHaveLength(2)
  })

  test.each<[string, Partial<VerifyArguments>, string]>([
    ['no Druid', {}, 'nothing says where Druid is'],
    ['a file that is not there', { ...DRUID, sql: '/nowhere' }, "/nowhere can't be read"],
    ['a URL with a path', { druid: 'http://broker:8082/druid' }, '--druid: a URL like'],
    ['a URL with a password', { ...DRUID, ovate: 'http://me:secret@ovate:8888' }, '--ovate: a URL like'],
    ['no URL', { ...DRUID, ovate: 'ovate' }, '--ovate: a URL like'],
    [
      'a credential in place of a name',
      { ...DRUID, authorization: 'Basic bWU6c2VjcmV0' },
      'the name of an environment',
    ],
    ['a variable that is not set', { ...DRUID, authorization: 'NOT_SET' }, 'the variable NOT_SET is not set'],
  ])('refuses %s', (_, more, message) => {
    expect(() => verifyOptions({ ...GIVEN, ...more }, NOTHING)).toThrow(message)
  })

  // `base64` wraps its lines; fetch would repeat all of what it refuses.
  test.each(['Basic c2Vj\ncmV0', 'Bearer s\u00e9cret', ' \n'])(
    'refuses the credential %j, which no header carries, without repeating it',
    (held) => {
      const given = { ...GIVEN, ...DRUID, authorization: 'HELD' }
      const run = (): unknown => verifyOptions(given, { config: undefined, environment: { HELD: held } })
      expect(run).toThrow(/^--authorization: what the variable holds is not one line of ASCII \([^()]*\)$/)
    },
  )
})
