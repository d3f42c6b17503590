import { defineConfig } from 'vitest/config'

// One real cluster is shared by all files, which change its data and stop its parts: one file at a time.
export default defineConfig({
  test: {
    pool: 'forks',
    fileParallelism: false,
    include: ['test/cluster/**/*.cluster.ts'],
    globalSetup: ['test/cluster/global-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
})
