import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const LOG = join(import.meta.dirname, '../../src/observe/log.ts')

interface Logged {
  readonly exit: number | null
  readonly out: string
  readonly lines: readonly unknown[]
}

/** What a process that logs this writes; the log has no other way out than stderr. */
function logged(statements: string): Logged {
  const code = `import { createLog, written } from ${JSON.stringify(LOG)}; const log = createLog('info'); ${statements}`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', code],
    { encoding: 'utf8' },
  )
  return { exit: status, out: stdout, lines: linesOf(stderr) }
}

function linesOf(text: string): readonly unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
}

test('one JSON object a line on stderr, from its level on, even where the process ends at once', () => {
  const { out, lines } = logged(`log.debug('no'); log.info({ broker: 'b:1' }, 'yes'); process.exit()`)
  expect(out).toBe('')
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as unknown
  expect(lines).toEqual([{ level: 'info', time, broker: 'b:1', msg: 'yes' }])
})

test.each<[string, number, string]>([
  ['at once', 20, ''],
  ['when all is written', 3_000, 'await written(log);'],
])('lines of one moment are all there where the process ends %s', (_, count, wait) => {
  const { lines } = logged(`
    for (let at = 0; at < ${count}; at += 1) log.info({ at, filler: 'x'.repeat(100) }, 'many')
    ${wait} process.exit()`)
  const numbers = lines.map((line) => (line as { at: number }).at)
  expect(numbers.toSorted((one, other) => one - other)).toEqual(Array.from({ length: count }, (__, at) => at))
})

test('credentials are cut out, also of headers and errors', () => {
  const { lines } = logged(`
    const headers = { authorization: 'hunter2', cookie: 'hunter2', 'set-cookie': ['hunter2'], accept: 'a' }
    log.info({ headers }, 'one')
    log.info({ request: { headers } }, 'two')
    log.info({ password: 'hunter2' }, 'three')
    log.error(Object.assign(new Error('four'), { token: 'hunter2' }))`)
  expect(lines).toHaveLength(4)
  expect(JSON.stringify(lines)).not.toContain('hunter2')
  expect(lines[0]).toMatchObject({ headers: { authorization: '(cut)', accept: 'a' } })
})

// On Linux only: a file that has no room for anything.
test.runIf(existsSync('/dev/full')).each([
  ['few lines', 3, 3],
  ['more than are kept', 5_000, 500],
])('a full disk ends nothing, and there is a log again when there is room: %s', (_, count, leastKept) => {
  const file = join(mkdtempSync(join(tmpdir(), 'ovate-log-')), 'ovate.log')
  const { exit, out } = logged(`
    import { closeSync, openSync } from 'node:fs'
    const stderrTo = (path) => { closeSync(2); if (openSync(path, 'a') !== 2) process.exit(3) }
    stderrTo('/dev/full')
    for (let at = 0; at < ${count}; at += 1) log.info({ filler: 'x'.repeat(1_000) }, 'no room')
    // So short that what comes after finds no gap.
    for (let at = 0; at < 100; at += 1) log.info('')
    await written(log)
    stderrTo(${JSON.stringify(file)})
    for (let at = 0; at < 3; at += 1) {
      log.info('room')
      await written(log)
    }
    console.log('lives')`)
  expect([exit, out]).toEqual([0, 'lives\n'])
  const text = readFileSync(file, 'utf8')
  const messages = linesOf(text).map((line) => (line as { msg: string }).msg)
  expect(messages.filter((message) => message === 'no room').length).toBeGreaterThanOrEqual(leastKept)
  expect(messages.slice(-2)).toEqual(['room', 'room'])
  expect(text.length).toBeLessThan(2_000_000)
})
