// A ZooKeeper alone, as tests of coordination use it.
import { describe, expect, test } from 'vitest'
import { within } from './wait.ts'
import { fourLetters, startZooKeeper, zooKeeperMissing } from './zookeeper.ts'

const missing = await zooKeeperMissing()

describe.runIf(missing === undefined)('a ZooKeeper alone', () => {
  test('serves, freezes, thaws, dies and comes back on the same port', async () => {
    const zooKeeper = await startZooKeeper()
    try {
      const ask = (): Promise<string> => fourLetters(zooKeeper.port, 'ruok', within(1000))
      expect(await ask()).toBe('imok')
      zooKeeper.freeze()
      await expect(ask()).rejects.toThrow(/aborted/)
      zooKeeper.thaw()
      expect(await ask()).toBe('imok')
      await zooKeeper.kill()
      await expect(ask()).rejects.toThrow(/ECONNREFUSED/)
      expect(() => zooKeeper.freeze()).toThrow(/not running/)
      await zooKeeper.restart()
      expect(await ask()).toBe('imok')
    } finally {
      await zooKeeper.stop()
    }
  })
})
