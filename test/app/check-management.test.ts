// `ovate check` on `druid.management`: who leads, or that nobody says so.
import { afterEach, expect, test } from 'vitest'
import { checkSetup } from '../../src/app/check.ts'
import { parseConfig } from '../../src/config/config.ts'
import { freePort } from '../cluster/home.ts'
import { type FakeBroker, startFakeBroker } from '../support/fake-broker.ts'

const ends: FakeBroker[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end.kill()
})

test.each<[string, boolean, (url: string) => object[]]>([
  [
    'a server that leads',
    true,
    (url) => [
      { level: 'ok', text: `druid.management: the leading coordinator is ${url}` },
      { level: 'ok', text: `druid.management: the leading overlord is ${url}` },
    ],
  ],
  [
    'one that waits',
    false,
    () => [
      { level: 'fail', text: 'druid.management: no coordinator says that it leads' },
      { level: 'fail', text: 'druid.management: no overlord says that it leads' },
    ],
  ],
])('%s', async (_, isLeading, wanted) => {
  const server = await startFakeBroker(({ path }, response) => {
    response.writeHead(path.endsWith('/isLeader') && !isLeading ? 404 : 200).end('[]')
  })
  ends.push(server)
  const management = { enabled: true, servers: [server.url] }
  const config = parseConfig({ druid: { brokers: [server.url], management } })
  const lines = await checkSetup(config, AbortSignal.timeout(60_000))
  expect(lines.filter(({ text }) => text.startsWith('druid.management'))).toEqual(wanted(server.url))
})

test('what was found is told where the time ran out, and one thing that hangs takes none from the others', async () => {
  const hanging = await startFakeBroker(() => undefined)
  ends.push(hanging)
  const dead = `127.0.0.1:${await freePort()}`
  const config = parseConfig({
    druid: { brokers: [hanging.url], management: { enabled: true, servers: [`http://${dead}`] } },
    cache: { shared: { nodes: [dead] } },
  })
  const lines = await checkSetup(config, AbortSignal.timeout(1_500))
  expect(lines.map(({ level, text }) => `${level} ${text}`)).toEqual([
    expect.stringMatching(/^ok Broker .* is ready/),
    expect.stringMatching(/^fail GET \/druid\/v2\/datasources failed: /),
    expect.stringMatching(/^warn GET \/status\/properties failed: /),
    'fail druid.management: no coordinator says that it leads',
    'fail druid.management: no overlord says that it leads',
    expect.stringMatching(/^fail the shared cache is connecting: .*ECONNREFUSED/),
    expect.stringMatching(/^warn identity\.secret/),
  ])
})
