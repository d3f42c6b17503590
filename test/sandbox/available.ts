// For tests on the sandbox: DuckDB is an optional package, and where it is absent they are skipped loudly.

async function missing(): Promise<string | undefined> {
  try {
    await import('@duckdb/node-api')
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const reason = await missing()

/** False where the sandbox can't run, which is said once for each file of tests: `describe.runIf(sandboxAvailable)`. */
export const sandboxAvailable = reason === undefined

if (reason !== undefined)
  process.stderr.write(`SKIPPED: tests on the sandbox, because @duckdb/node-api can't be loaded: ${reason}\n`)
