#!/usr/bin/env node
// The command line: `ovate serve`, `demo`, `explain`, `check`.
import { Command, InvalidArgumentError } from 'commander'
import { type App, startApp } from './app/app.ts'
import { checkSetup } from './app/check.ts'
import { explainStatement } from './app/explain.ts'
import { VERSION } from './app/version.ts'
import { type Config, loadConfig, parseConfig } from './config/config.ts'
import { OvateError } from './errors.ts'
import { explanationText } from './plan/explain.ts'

const USAGE_EXIT = 2

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
    await serve(await startApp(loadConfig(config, process.env)))
  })

program
  .command('demo')
  .description('a stand-in Druid with sample data that keeps arriving, and Ovate in front of it')
  .option('--port <port>', 'where clients connect', port, 8888)
  .option('--admin-port <port>', "the operator's listener", port, 9888)
  .option('--sandbox-port <port>', 'the stand-in Druid', port, 8082)
  .action(async (ports: { port: number; adminPort: number; sandboxPort: number }) => {
    const { runDemo } = await import('./app/demo.ts')
    await serve(await runDemo(ports))
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
async function serve(app: App): Promise<void> {
  const told = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve).once('SIGINT', resolve)
  })
  process.stdout.write(`ovate ready on ${app.url}\n`)
  await told
  // Who asks a second time does not want to wait for the requests that still run.
  process.on('SIGTERM', () => process.exit(1)).on('SIGINT', () => process.exit(1))
  await app.close()
  process.exit(0)
}

function portInUse(error: unknown): string | undefined {
  const { code, address, port: taken } = error as { code?: string; address?: string; port?: number }
  if (code !== 'EADDRINUSE') return undefined
  return `port ${taken} of ${address} is taken: stop what listens there, or choose another (demo: --port, --admin-port, --sandbox-port; serve: listen.port, admin.port)`
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

try {
  await program.parseAsync()
} catch (error) {
  const known = error instanceof OvateError
  process.stderr.write(`${known ? error.message : (portInUse(error) ?? stackOf(error))}\n`)
  // What was started before the failure may keep the process alive.
  process.exit(known && error.code === 'OVATE_CONFIG' ? USAGE_EXIT : 1)
}
