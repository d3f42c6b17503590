#!/usr/bin/env node
// The command line: `ovate serve`, `demo`, `explain`, `check`, `verify`, `settings`.
import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { type App, startApp } from './app/app.ts'
import { checkSetup } from './app/check.ts'
import { explainStatement } from './app/explain.ts'
import {
  changeSettings,
  editOf,
  getSettings,
  type SettingsArguments,
  type SettingsTarget,
  settingsTarget,
  unsetSettings,
} from './app/settings-command.ts'
import { verify } from './app/verify.ts'
import { type VerifyArguments, verifyOptions } from './app/verify/options.ts'
import { isAlike, reportJson, reportText } from './app/verify/report.ts'
import { VERSION } from './app/version.ts'
import { type Config, loadConfig, parseConfig } from './config/config.ts'
import { OvateError } from './errors.ts'
import { explanationText } from './plan/explain.ts'

const USAGE_EXIT = 2

const VERIFY_HELP = `
Each statement is asked of both in Druid's array format, and the answers are compared cell by cell as text:
  same                    equal to the last character
  same but for order      the same rows in another order: open unless your ORDER BY says otherwise
  same but for last bits  floating point numbers that differ as sums in another order do
  refused by both         with the same status: there was nothing to compare
  moving                  Druid's own answer changed while it was asked
  different               Ovate's answer is not Druid's
  an error on one side    one of the two gave no answer

Statements about now get the same now on both sides, by the context key sqlCurrentTimestamp.
Times are medians over the rounds. Exit code: 0 alike, 1 something is different or an error on one side, or
no statement that both answered; 2 usage.

Example:
  ovate verify --sql dashboards.sql --ovate http://ovate:8888 --druid http://broker:8082 --rounds 5
  DRUID_AUTH="Basic …" ovate verify --sql bodies.jsonl --authorization DRUID_AUTH --druid https://router:9088
`

// A reader that is gone and a full disk end no proxy that answers; a command whose output is lost has failed.
process.stdout.on('error', ({ message }) => {
  process.exitCode = 1
  process.stderr.write(`stdout can't be written: ${message}\n`)
})
process.stderr.on('error', () => undefined)

const program = new Command('ovate')
  .description('Query acceleration for Apache Druid: stands where a Broker or Router stood.')
  .version(VERSION)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT))

program
  .command('serve')
  .description('start, and answer until SIGTERM or SIGINT')
  .option(
    '-c, --config <file>',
    'configuration (YAML); settings by OVATE_… variables beat it',
    process.env['OVATE_CONFIG'],
  )
  .action(async ({ config }: { config?: string }) => {
    await serve((stop) => startApp(loadConfig(config, process.env), stop))
  })

program
  .command('demo')
  .description('a stand-in Druid with sample data that keeps arriving, and Ovate in front of it')
  .option('--port <port>', 'where clients connect', port, 8888)
  .option('--admin-port <port>', "the operator's listener", port, 9888)
  .option('--sandbox-port <port>', 'the stand-in Druid', port, 8082)
  .action(async (ports: { port: number; adminPort: number; sandboxPort: number }) => {
    const { runDemo } = await import('./app/demo.ts')
    await serve((stop) => runDemo(ports, stop))
  })

program
  .command('explain')
  .description('what would be done for a statement, and why; needs no Broker')
  .argument('<sql>', 'the statement')
  .option('--json', 'as JSON')
  .option('-c, --config <file>', 'configuration (YAML)', process.env['OVATE_CONFIG'])
  .action((sql: string, { json, config }: { json?: true; config?: string }) => {
    const explanation = explainStatement(
      sql,
      config === undefined ? anyConfig() : loadConfig(config, process.env),
    )
    process.stdout.write(`${json === true ? JSON.stringify(explanation) : explanationText(explanation)}\n`)
  })

program
  .command('check')
  .description('try the configuration: Brokers, versions, permissions, clocks')
  .option('-c, --config <file>', 'configuration (YAML)', process.env['OVATE_CONFIG'])
  .action(async ({ config }: { config?: string }) => {
    const lines = await checkSetup(loadConfig(config, process.env), AbortSignal.timeout(CHECK_TIMEOUT_MS))
    for (const { level, text } of lines) process.stdout.write(`${level.padEnd(4)}  ${text}\n`)
    if (lines.some(({ level }) => level === 'fail')) process.exitCode = 1
  })

const CHECK_TIMEOUT_MS = 30_000

program
  .command('verify')
  .description('ask your own statements of an Ovate and of Druid, and compare answers and times')
  .requiredOption(
    '--sql <file>',
    'statements that read: SQL separated by ; at line ends, or one JSON body of /druid/v2/sql a line',
  )
  .option('--rounds <n>', 'how often each is asked of both', wholeNumber(1, 1_000), 3)
  .option('--ovate <url>', 'the Ovate; default: where the configuration listens, else http://127.0.0.1:8888')
  .option('--druid <url>', "a Broker or Router; default: the configuration's first Broker")
  .option(
    '--authorization <variable>',
    'the environment variable that holds the Authorization header for both',
  )
  .option('--concurrency <n>', 'statements asked at once', wholeNumber(1, 64), 2)
  .option('--timeout <seconds>', 'for each answer', wholeNumber(1, 300), 60)
  .option('--json <file>', 'where to write the report as JSON, too')
  .option('-c, --config <file>', 'configuration (YAML)', process.env['OVATE_CONFIG'])
  .addHelpText('after', VERIFY_HELP)
  .action(async ({ config, json, ...given }: VerifyArguments & { json?: string; config?: string }) => {
    const named = config === undefined ? undefined : loadConfig(config, process.env)
    const options = verifyOptions(given, { config: named, environment: process.env })
    const onRound = (round: number): unknown => process.stderr.write(`round ${round} of ${options.rounds}\n`)
    const report = await verify({ ...options, nowMs: Date.now(), onRound }, interrupted())
    process.stdout.write(reportText(report))
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(reportJson(report), undefined, 2)}\n`)
    if (!isAlike(report)) process.exitCode = 1
  })

const SETTINGS_HELP = `
Keys: accelerate, shared, exactDoubles (true or false), rowPolicies (unknown or none), plans (whole and any of series,
merge, derive), service, maxEntry, maxRows, freshness.mode, freshness.head, freshness.cap.

Example:
  ovate settings set -d clickstream freshness.head=30s shared=true
  ovate settings unset -d clickstream shared
  ovate settings set accelerate=false --by "the operator on call"
`

const settings = program
  .command('settings')
  .description('live settings, for all datasources or one, in force on all replicas within a second')
  .addHelpText('after', SETTINGS_HELP)

settingsCommand('get', 'what is set, and what is in force here').action(
  async (given: SettingsArguments & { config?: string }) => {
    const { changes: _, ...others } = await getSettings(targetOf(given))
    print(others)
  },
)

settingsCommand('history', 'the last changes: when, by whom, what').action(
  async (given: SettingsArguments & { config?: string }) => {
    const { changes } = await getSettings(targetOf(given))
    print(changes)
  },
)

settingsCommand('set', 'changes some, and leaves the others as they are')
  .argument('<key=value...>')
  .action(async (edits: string[], given: SettingsArguments & { config?: string }) => {
    print(await changeSettings(targetOf(given), edits.map(editOf)))
  })

settingsCommand('unset', 'takes some off, or all of them')
  .argument('[key...]')
  .action(async (keys: string[], given: SettingsArguments & { config?: string }) => {
    const edits = keys.map((key) => ({ path: key.split('.'), value: undefined }))
    const target = targetOf(given)
    print(keys.length === 0 ? await unsetSettings(target) : await changeSettings(target, edits))
  })

function settingsCommand(name: string, description: string): Command {
  return settings
    .command(name)
    .description(description)
    .option('-d, --datasource <name>', 'for this one; without: for all')
    .option(
      '--admin <url>',
      "the operator's listener of a replica; default: the configuration's, else http://127.0.0.1:9888",
    )
    .option(
      '--token <variable>',
      "the environment variable that holds its token; default: the configuration's",
    )
    .option('--by <name>', 'who changes it, for the list of changes; default: the address that it comes from')
    .option('-c, --config <file>', 'configuration (YAML)', process.env['OVATE_CONFIG'])
}

function targetOf({ config, ...given }: SettingsArguments & { config?: string }): SettingsTarget {
  const named = config === undefined ? undefined : loadConfig(config, process.env)
  return settingsTarget(given, { config: named, environment: process.env })
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}

function interrupted(): AbortSignal {
  const stop = new AbortController()
  const end = (): void => stop.abort(new OvateError('OVATE_CANCELLED', 'interrupted: nothing is reported'))
  process.once('SIGTERM', end).once('SIGINT', end)
  return stop.signal
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`a whole number from ${min} to ${max}.`)
  }
}

function port(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= 65_535) return value
  throw new InvalidArgumentError('a port is a whole number from 0 to 65535.')
}

/** Explaining needs no Broker, so any list will do. */
function anyConfig(): Config {
  return parseConfig({ druid: { brokers: ['http://127.0.0.1:8082'] } })
}

/** Runs until it is told to stop. The line on stdout is for scripts: nothing else is ever written there. */
async function serve(start: (stop: AbortSignal) => Promise<App>): Promise<void> {
  // Node forgets that `nohup` had it ignored. What writes to a terminal, as nothing does under `nohup`, goes with it.
  if (!process.stdout.isTTY) process.on('SIGHUP', () => undefined)
  const stop = new AbortController()
  const told = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(undefined))
  })
  const end = (): void => {
    // Who asks a second time does not want to wait for the requests that still run.
    if (stop.signal.aborted) process.exit(1)
    stop.abort()
  }
  process.on('SIGTERM', end).on('SIGINT', end)
  const app = await start(stop.signal).catch((error: unknown) => {
    if (error === stop.signal.reason) process.exit(0)
    throw error
  })
  if (!stop.signal.aborted) process.stdout.write(`ovate ready on ${app.url}\n`)
  const refused = await Promise.race([told, app.refused])
  stop.abort()
  await app.close()
  if (refused !== undefined) throw refused
  process.exit(0)
}

/** Of names and addresses that nobody can listen at here; EINVAL: IPv6 of a link, without the link's name. */
const NO_ADDRESS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EINVAL'])

/** What to do where one of the listeners can't be; undefined: that is not what failed. */
function noListener(error: unknown): string | undefined {
  const failed = error as { code?: string; hostname?: string; address?: string; port?: number }
  const { code = '', address, hostname = address } = failed
  if (code === 'EADDRINUSE')
    return `port ${failed.port} of ${address} is taken: stop what listens there, or choose another (demo: --port, --admin-port, --sandbox-port; serve: listen.port, admin.port)`
  if (code === 'EACCES')
    return `port ${failed.port} of ${address} may not be listened at by this user: choose one from 1024, or give the program CAP_NET_BIND_SERVICE (listen.port, admin.port)`
  if (hostname === undefined || !NO_ADDRESS.has(code)) return undefined
  return `${hostname} is no address of this machine (${code}): choose one, IPv6 without brackets (listen.host, admin.host)`
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

try {
  await program.parseAsync()
} catch (error) {
  const known = error instanceof OvateError
  process.stderr.write(`${known ? error.message : (noListener(error) ?? stackOf(error))}\n`)
  // What was started before the failure may keep the process alive.
  process.exit(known && error.code === 'OVATE_CONFIG' ? USAGE_EXIT : 1)
}
