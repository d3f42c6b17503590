import { expect, test } from 'vitest'
import { parseConnectString, resolveEnsemble } from '../../src/coordination/addresses.ts'
import { OvateError } from '../../src/errors.ts'

test.each([
  ['zk', [['zk', 2181]], ''],
  [
    'zk1:1,zk2:2/druid/x/',
    [
      ['zk1', 1],
      ['zk2', 2],
    ],
    '/druid/x',
  ],
  [
    '[::1]:2181, 10.0.0.1',
    [
      ['::1', 2181],
      ['10.0.0.1', 2181],
    ],
    '',
  ],
])('%s', (text, servers, chroot) => {
  const ensemble = parseConnectString(text)
  expect(ensemble.servers.map(({ host, port }) => [host, port])).toEqual(servers)
  expect(ensemble.chroot).toBe(chroot)
})

test.each(['', 'a,,b', 'a:0', 'a:70000', '/x', 'a b', '::1'])('refuses "%s"', (text) => {
  expect(() => parseConnectString(text)).toThrow(OvateError)
})

const soon = (): AbortSignal => AbortSignal.timeout(10_000)

test('only addresses go on, each once, IPv6 without brackets', async () => {
  expect(await resolveEnsemble(parseConnectString('10.0.0.1,[::1]:5,10.0.0.1/c'), soon())).toBe(
    '10.0.0.1:2181,::1:5/c',
  )
  expect(await resolveEnsemble(parseConnectString('localhost:7'), soon())).toMatch(
    /^(127\.0\.0\.1:7|::1:7)(,|$)/,
  )
})

test('a name that is unknown is left out', async () => {
  expect(await resolveEnsemble(parseConnectString('no-such-name.invalid,10.0.0.1'), soon())).toBe(
    '10.0.0.1:2181',
  )
})

test('without any address it fails, and does not wait past its deadline', async () => {
  const gone = AbortSignal.abort(new Error('late'))
  await expect(resolveEnsemble(parseConnectString('no-such-name.invalid'), gone)).rejects.toMatchObject({
    code: 'OVATE_ZOOKEEPER',
  })
})
