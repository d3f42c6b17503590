// Client programs in their own surroundings, made once below the cluster's home: a Python environment, a Node folder.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { HOME } from './home.ts'
import { startLock } from './start-lock.ts'
import { within } from './wait.ts'

const run = promisify(execFile)
const INSTALL_MS = 10 * 60_000
const PYTHON = process.env['OVATE_PYTHON'] ?? 'python3'
/** Written last: a folder without it was left in the middle. */
const READY = 'ready'

/** The Python of an environment with exactly what files of requirements pin. Throws where it can't be made. */
export async function pythonWith(requirements: readonly string[], signal: AbortSignal): Promise<string> {
  const folder = await installed('python', requirements, signal, async (place, until) => {
    await run(PYTHON, ['-m', 'venv', place], { signal: until })
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps']
    const files = requirements.flatMap((file) => ['-r', file])
    await run(join(place, 'bin/python'), [...pip, ...files], { signal: until })
  })
  return join(folder, 'bin/python')
}

/** A folder whose `node_modules` is what a lock file beside its package.json says. Throws where it can't be made. */
export function nodeFolderWith(packageFolder: string, signal: AbortSignal): Promise<string> {
  const files = ['package.json', 'package-lock.json'].map((name) => join(packageFolder, name))
  return installed('node', files, signal, async (place, until) => {
    for (const file of files) copyFileSync(file, join(place, basename(file)))
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: place, signal: until })
  })
}

/** By the content of what says what is in it: another version is another folder. */
async function installed(
  kind: string,
  files: readonly string[],
  signal: AbortSignal,
  install: (place: string, until: AbortSignal) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  const place = join(HOME, 'artifacts', `${kind}-${hash.digest('hex').slice(0, 12)}`)
  if (existsSync(join(place, READY))) return place
  const until = within(INSTALL_MS, signal)
  const unlock = await startLock(place, until)
  try {
    if (existsSync(join(place, READY))) return place
    rmSync(place, { recursive: true, force: true })
    mkdirSync(place, { recursive: true })
    await install(place, until)
    writeFileSync(join(place, READY), '')
    return place
  } finally {
    unlock()
  }
}
