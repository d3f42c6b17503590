import { defineConfig } from 'vitest/config'

// One real cluster is shared by all files, which change its data and stop its parts: one file at a time.
export default defineConfig({
  test: {
    pool: 'forks',
    fileParallelism: false,
    include: ['test/cluster/**/*.cluster.ts'],
    globalSetup: ['test/cluster/global-setup.ts'],
    // Seven JVMs on two cores: a test that lost a race against the clock may run it once more, and is told of.
    retry: 1,
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
})
