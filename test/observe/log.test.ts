import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const LOG = join(import.meta.dirname, '../../src/observe/log.ts')

/** What a process that logs this writes; the log has no other way out than stderr. */
function logged(statements: string): { readonly out: string; readonly lines: readonly unknown[] } {
  const code = `import { createLog } from ${JSON.stringify(LOG)}; const log = createLog('info'); ${statements}`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', code],
    { encoding: 'utf8' },
  )
  const lines: unknown[] = stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
  return { out: stdout, lines }
}

test('one JSON object a line on stderr, from its level on, even where the process ends at once', () => {
  const { out, lines } = logged(`log.debug('no'); log.info({ broker: 'b:1' }, 'yes'); process.exit()`)
  expect(out).toBe('')
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as unknown
  expect(lines).toEqual([{ level: 'info', time, broker: 'b:1', msg: 'yes' }])
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
