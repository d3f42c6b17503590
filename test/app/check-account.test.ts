// What `ovate check` says of Ovate's own account: may it read a timeline, not only the list of which it is one.
import { describe, expect, test } from 'vitest'
import { accountLines } from '../../src/app/check-account.ts'
import { type CheckLine } from '../../src/app/check-steps.ts'
import { parseConfig } from '../../src/config/config.ts'
import { OvateError } from '../../src/errors.ts'
import { FakeDruid, type Reply } from '../support/fake-druid.ts'

const LIST = '/druid/v2/datasources'
const CONFIG = parseConfig({ druid: { brokers: ['http://127.0.0.1:1'], username: 'ovate', password: 'p' } })
const soon = (): AbortSignal => AbortSignal.timeout(60_000)

describe("Ovate's own account", () => {
  test.each<[string, Reply, Reply, CheckLine['level'], string, number]>([
    [
      'reads them',
      { body: '["a b","c"]' },
      { body: '[]' },
      'ok',
      'may read the timelines of 2 datasources',
      2,
    ],
    ['reads the only one', { body: '["a b"]' }, { body: '[]' }, 'ok', 'of 1 datasource', 2],
    ['sees none', { body: '[]' }, { body: '[]' }, 'warn', 'may read no datasource', 1],
    ['may not list', { status: 401, body: '' }, { body: '[]' }, 'fail', `GET ${LIST} answered 401`, 1],
    [
      'may list only',
      { body: '["a b"]' },
      { status: 403, body: '' },
      'fail',
      `GET ${LIST}/a%20b/candidates answered 403: answers will live for their bound only`,
      2,
    ],
    ['is told no JSON', { body: '<html>' }, { body: '[]' }, 'fail', `GET ${LIST} is not understood`, 1],
    ['is told no list', { body: '{"a":1}' }, { body: '[]' }, 'fail', `GET ${LIST} is not understood`, 1],
    ['is told no names', { body: '[1]' }, { body: '[]' }, 'fail', `GET ${LIST} is not understood`, 1],
  ])('%s', async (_, list, timeline, level, text, asked) => {
    const druid = new FakeDruid(({ path }) => (path === LIST ? list : timeline))
    const lines = await accountLines(CONFIG, druid, soon())
    expect(lines.map((line) => line.level)).toEqual([level])
    expect(lines[0]?.text).toContain(text)
    expect(druid.requests.map(({ headers }) => headers[0])).toEqual(Array(asked).fill('authorization'))
  })

  test('is asked of a Broker that breaks off: nothing is thrown', async () => {
    const druid = new FakeDruid(() => Promise.reject(new OvateError('OVATE_BROKER_FAILED', 'it broke off')))
    const lines = await accountLines(CONFIG, druid, soon())
    expect(lines).toEqual([{ level: 'fail', text: `GET ${LIST} failed: it broke off` }])
  })
})
