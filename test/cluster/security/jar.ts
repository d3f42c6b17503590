// The extension by which Druid of the secure profile knows users, compiled from the sources beside this file.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Jars } from '../artifacts.ts'
import { HOME } from '../home.ts'

const run = promisify(execFile)
const SERVICE_FILE = 'META-INF/services/org.apache.druid.initialization.DruidModule'
const MODULE = 'ovate.security.RightsModule'

/**
 * Druid's jars with the extension behind them: a jar, and the last one, so that the archive of class data still serves
 * (a folder on the class path would switch it off). Compiles it when the sources have changed (3 s on an idle core).
 */
export async function securityJar(jars: Jars, signal: AbortSignal): Promise<Jars> {
  const folder = join(HOME, 'artifacts')
  const sources = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.java'))
  const hash = createHash('sha256').update(jars.classPath)
  for (const name of sources) hash.update(readFileSync(join(import.meta.dirname, name)))
  const jar = join(folder, `security-${hash.digest('hex').slice(0, 12)}.jar`)
  if (!existsSync(jar)) await compile(jars, sources, jar, signal)
  return { ...jars, classPath: `${jars.classPath}${delimiter}${jar}` }
}

async function compile(
  jars: Jars,
  sources: readonly string[],
  jar: string,
  signal: AbortSignal,
): Promise<void> {
  const classes = `${jar}-${process.pid}`
  try {
    mkdirSync(join(classes, 'META-INF/services'), { recursive: true })
    writeFileSync(join(classes, SERVICE_FILE), `${MODULE}\n`)
    const paths = sources.map((name) => join(import.meta.dirname, name))
    await run(
      toolOf(jars, 'javac'),
      ['-nowarn', '-proc:none', '-d', classes, '-cp', jars.classPath, ...paths],
      { signal },
    )
    await run(toolOf(jars, 'jar'), ['--create', '--file', `${classes}.part`, '-C', classes, '.'], { signal })
    // Moved into place at once: two starts don't read half of it.
    renameSync(`${classes}.part`, jar)
  } finally {
    rmSync(classes, { recursive: true, force: true })
  }
}

/** A program of the JDK that `java` belongs to. */
function toolOf({ java }: Jars, name: string): string {
  return java.replace(/java$/, name)
}
