import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CertificateFiles, LOOK_MS, WatchedCertificates } from '../../src/app/certificates.ts'
import { listenerLines, ownCertificateLines } from '../../src/app/check-certificates.ts'
import { type CheckLine } from '../../src/app/check-steps.ts'
import { type Config, parseConfig } from '../../src/config/config.ts'
import { ManualClock } from '../support/manual-clock.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/tls')
const ends: (() => unknown)[] = []
let dir: string
let files: Required<{ [Name in keyof CertificateFiles]: string }>

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ovate-certificates-'))
  files = { ca: join(dir, 'ca.crt'), cert: join(dir, 'tls.crt'), key: join(dir, 'tls.key') }
  put('ca', 'ca.crt')
  put('cert', 'server.crt')
  put('key', 'server.key')
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  rmSync(dir, { recursive: true })
})

function put(name: keyof CertificateFiles, fixture: string): void {
  copyFileSync(join(FIXTURES, fixture), files[name])
}

interface Watched {
  readonly certificates: WatchedCertificates
  /** `new`, or why not. */
  readonly told: string[]
  look(): Promise<void>
}

function watched(): Watched {
  const clock = new ManualClock()
  const told: string[] = []
  const certificates = new WatchedCertificates({
    setting: 'listen.tls',
    files,
    clock,
    onNew: () => told.push('new'),
    onBad: (why) => told.push(why),
  })
  certificates.start()
  ends.push(() => certificates.stop())
  const look = async (): Promise<void> => {
    const before = clock.sleepers
    await clock.advance(LOOK_MS)
    // Reading files takes what it takes: it sleeps again when it has.
    while (clock.sleepers < before) await new Promise((resolve) => setImmediate(resolve))
  }
  return { certificates, told, look }
}

function shown({ certificates }: Watched): string {
  const { cert } = certificates.current()
  return ['server', 'client'].find((name) => cert?.equals(readFileSync(join(FIXTURES, `${name}.crt`)))) ?? ''
}

test('new files are taken, and the same object is given until there are', async () => {
  const all = watched()
  const before = all.certificates.current()
  await all.look()
  expect(all.certificates.current()).toBe(before)
  put('cert', 'client.crt')
  put('key', 'client.key')
  await all.look()
  expect([shown(all), all.told]).toEqual(['client', ['new']])
})

describe('what is no good takes nothing away, and is told of once', () => {
  test.each<[string, () => void]>([
    ['a certificate whose key is not there yet', () => put('cert', 'client.crt')],
    ['a certificate that is none', () => writeFileSync(files.cert, 'nonsense')],
    ['half of a certificate', () => writeFileSync(files.cert, readFileSync(files.cert).subarray(0, 400))],
    ['authorities that are none', () => writeFileSync(files.ca, 'nonsense')],
    ['an empty file', () => writeFileSync(files.key, '')],
    ['a file that has gone', () => rmSync(files.key)],
  ])('%s', async (_, spoil) => {
    const all = watched()
    spoil()
    await all.look()
    await all.look()
    expect(shown(all)).toBe('server')
    expect(all.told).toHaveLength(1)
    expect(all.told[0]).not.toBe('new')
    put('ca', 'ca.crt')
    put('cert', 'client.crt')
    put('key', 'client.key')
    await all.look()
    expect([shown(all), all.told.at(-1)]).toEqual(['client', 'new'])
  })
})

test('there is no start with files that are no good, and what is said names the setting', () => {
  put('key', 'client.key')
  const mistake: Record<string, unknown> = {
    code: 'OVATE_CONFIG',
    message: expect.stringMatching(/listen\.tls: .*key values mismatch/) as unknown,
  }
  expect(watched).toThrow(expect.objectContaining(mistake) as Error)
})

describe('the check of a configuration', () => {
  const linesOf = (tls: object | undefined): readonly CheckLine[] =>
    listenerLines(parseConfig({ druid: { brokers: ['http://127.0.0.1:1'] }, listen: { tls } }))

  test.each<[string, () => void, RegExp]>([
    ['a key that is of another', () => put('key', 'client.key'), /^listen\.tls: .*key values mismatch/],
    ['a certificate that is none', () => writeFileSync(files.cert, 'nonsense'), /^listen\.tls: /],
    ['a key that is none', () => writeFileSync(files.key, 'nonsense'), /^listen\.tls: /],
  ])('fails for %s', (_, spoil, text) => {
    spoil()
    const { cert, key } = files
    expect(linesOf({ cert, key })).toEqual([
      { level: 'fail', text: expect.stringMatching(text) as unknown as string },
    ])
  })

  test('says nothing of plain HTTP, and that certificates can be used', () => {
    const { cert, key } = files
    expect([linesOf(undefined), linesOf({ cert, key })]).toEqual([
      [],
      [{ level: 'ok', text: 'listen.tls: the certificate and its key can be used' }],
    ])
  })

  // The fixtures hold from 2026-11-25 to 2076-11-12.
  test.each<[string, number, RegExp]>([
    ['has expired', Date.UTC(2076, 10, 13), /: the certificate expired on Nov 12 .* 2076 GMT/],
    ['is not valid yet', Date.UTC(2026, 10, 24), /: the certificate is not valid before Nov 25 .* 2026 GMT/],
  ])('warns of a certificate that %s, on either side', (_, nowMs, text) => {
    const { cert, key } = files
    const clock = { now: () => nowMs }
    const config = parseConfig({
      druid: { brokers: ['https://127.0.0.1:1'], tls: { cert, key } },
      listen: { tls: { cert, key } },
    })
    const lines = [...listenerLines(config, clock), ...ownCertificateLines(config, clock)]
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn'])
    expect(lines[0]?.text).toMatch(/^listen\.tls\.cert/)
    expect(lines[1]?.text).toMatch(/^druid\.tls\.cert/)
    for (const line of lines) expect(line.text).toMatch(text)
  })

  test('says nothing of a certificate for Brokers that holds, and of none', () => {
    const { cert, key } = files
    const clock = { now: () => Date.UTC(2030, 0) }
    const configOf = (tls: object): Config =>
      parseConfig({ druid: { brokers: ['https://127.0.0.1:1'], tls } })
    expect([{}, { cert, key }].map((tls) => ownCertificateLines(configOf(tls), clock))).toEqual([[], []])
  })
})

test.each<CertificateFiles>([{}, { ca: undefined }])('without files nothing wakes', async (none) => {
  const clock = new ManualClock()
  const told: string[] = []
  const tell = (): unknown => told.push('told')
  const certificates = new WatchedCertificates({ setting: '', files: none, clock, onNew: tell, onBad: tell })
  certificates.start()
  expect(clock.sleepers).toBe(0)
  await certificates.stop()
  expect([certificates.current(), told]).toEqual([{}, []])
})
