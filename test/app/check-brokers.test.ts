// `ovate check` on Brokers that can't be reached: why.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { checkSetup } from '../../src/app/check.ts'
import { parseConfig } from '../../src/config/config.ts'
import { startFakeBroker } from '../support/fake-broker.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/tls')
const UNTRUSTED = /self-signed certificate|unable to verify/

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function secureBroker(): Promise<string> {
  const pem = (name: string): Buffer => readFileSync(join(FIXTURES, name))
  const server = createServer({ cert: pem('server.crt'), key: pem('server.key') })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function failures(druid: object): Promise<readonly string[]> {
  const lines = await checkSetup(parseConfig({ druid }), AbortSignal.timeout(1_500))
  return lines.filter(({ level }) => level === 'fail').map(({ text }) => text)
}

test('a Broker of an authority that is not trusted', async () => {
  const [first] = await failures({ brokers: [await secureBroker()] })
  expect(first).toMatch(/^Broker 127\.0\.0\.1:\d+ \(druid\/broker\) is probing: /)
  expect(first).toMatch(UNTRUSTED)
})

test('one that speaks no HTTPS', async () => {
  const broker = await startFakeBroker()
  ends.push(() => broker.kill())
  const [first] = await failures({ brokers: [broker.url.replace('http:', 'https:')] })
  expect(first).toMatch(/ is probing: no connection: .*wrong version number.*\S$/)
  expect(first).not.toContain('\n')
})

test('one that says that it is not ready', async () => {
  const broker = await startFakeBroker()
  ends.push(() => broker.kill())
  broker.readiness = 503
  const [first] = await failures({ brokers: [broker.url] })
  expect(first).toMatch(/ is probing: \/druid\/broker\/v1\/readiness says 503$/)
})

test('none found, since who knows of them is not trusted', async () => {
  const [first] = await failures({ bootstrap: [await secureBroker()] })
  expect(first).toMatch(/^no Broker of druid\/broker was found within \d+ ms: no list of Brokers from https:/)
  expect(first).toMatch(UNTRUSTED)
})
