// One starter at a time per cluster: two test runs that start together get one cluster.
import { randomUUID } from 'node:crypto'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { processInfo, recordProgram } from './processes.ts'
import { waitUntil } from './wait.ts'

/** Waits until no other living process starts the cluster of `dir`. The function returned lets the next one in. */
export async function startLock(dir: string, signal: AbortSignal): Promise<() => void> {
  const lock = `${dir}.lock`
  mkdirSync(dirname(lock), { recursive: true })
  await waitUntil(`another start of the cluster in ${dir}`, () => take(lock), signal)
  return () => rmSync(lock, { recursive: true, force: true })
}

function take(lock: string): boolean {
  const mine = `${lock}-${randomUUID()}`
  try {
    // Filled first and moved into place at once: a lock is never seen without its owner.
    recordProgram(mine, 'owner', process.pid)
    renameSync(mine, lock)
    return true
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    rmSync(mine, { recursive: true, force: true })
    // Its owner was killed on the way.
    if (processInfo(lock, 'owner').state === 'stopped') rmSync(lock, { recursive: true, force: true })
    return false
  }
}
