import { expect, test } from 'vitest'
import { editOf, settingsTarget } from '../../src/app/settings-command.ts'
import { parseConfig } from '../../src/config/config.ts'

test.each<[string, readonly string[], unknown]>([
  ['accelerate=false', ['accelerate'], false],
  ['freshness.head=10s', ['freshness', 'head'], '10s'],
  ['maxRows=5', ['maxRows'], 5],
  ['plans=whole, series', ['plans'], ['whole', 'series']],
  ['service=druid/broker=hot', ['service'], 'druid/broker=hot'],
])('%s', (text, path, value) => {
  expect(editOf(text)).toEqual({ path, value })
})

test.each(['accelerate', '=5', 'a b=5', ''])('%j is no edit', (text) => {
  expect(() => editOf(text)).toThrow(/is no key=value/)
})

const CONFIG = parseConfig({
  druid: { brokers: ['http://127.0.0.1:1'] },
  admin: { host: '0.0.0.0', port: 9_999, token: 'the token' },
})
const ALONE = { config: undefined, environment: { TOKEN: 'another' } }

test.each<[string, Parameters<typeof settingsTarget>, string, Record<string, string>]>([
  ['this machine', [{}, ALONE], 'http://127.0.0.1:9888/ovate/settings', {}],
  [
    'that of the configuration, with its token',
    [{ datasource: '../x' }, { config: CONFIG, environment: {} }],
    'http://127.0.0.1:9999/ovate/settings/..%2Fx',
    { authorization: 'Bearer the token' },
  ],
  [
    'the one that is named, with the token of a variable, under a name',
    [{ admin: 'http://ovate:1/', token: 'TOKEN', by: 'me' }, ALONE],
    'http://ovate:1/ovate/settings',
    { authorization: 'Bearer another', 'x-ovate-by': 'me' },
  ],
])('asks %s', (_, given, url, headers) => {
  expect(settingsTarget(...given)).toEqual({ url, headers })
})

test('a token that no header carries is refused, without being repeated', () => {
  const given = { config: undefined, environment: { TOKEN: 'hun\nter2' } }
  expect(() => settingsTarget({ token: 'TOKEN' }, given)).toThrow(
    /^--token: what the variable holds is not one line of ASCII[^2]*$/,
  )
})

test.each(['.', '..'])('%s is no datasource', (datasource) => {
  expect(() => settingsTarget({ datasource }, ALONE)).toThrow(/is none/)
})

test.each(['ovate:9888', 'http://user@ovate:9888', 'http://ovate/path', 'ftp://ovate'])(
  '%s is no listener',
  (admin) => {
    expect(() => settingsTarget({ admin }, ALONE)).toThrow(/--admin: a URL/)
  },
)
