// DuckDB is an optional package: who has none reads why, and loses nothing but the sandbox.
import { expect, test, vi } from 'vitest'

test('without DuckDB the sandbox says what is missing', async () => {
  vi.doMock('@duckdb/node-api', () => {
    throw new Error('Cannot find package')
  })
  // The modules themselves must load: types are no reason to ask for the package.
  const { startSandbox } = await import('../../src/sandbox/sandbox.ts')
  await expect(startSandbox()).rejects.toMatchObject({
    code: 'OVATE_CONFIG',
    message: 'the sandbox needs the optional package @duckdb/node-api: npm install it',
  })
})
