// `ovate check` on what replicas share through ZooKeeper.
import { randomUUID } from 'node:crypto'
import { type Config } from '../config/config.ts'
import { type Coordination } from '../coordination/coordination.ts'
import { type CheckLine, waited } from './check-steps.ts'
import { connectCoordination } from './coordinate.ts'

/** None where nothing is shared; never throws for what it finds. */
export async function coordinationLines(config: Config, signal: AbortSignal): Promise<readonly CheckLine[]> {
  if (config.coordination === undefined) return []
  const { path, auth } = config.coordination
  const open = 'coordination.auth is not set: whoever reaches ZooKeeper may change what Ovate obeys'
  const warned: readonly CheckLine[] = auth === undefined ? [{ level: 'warn', text: open }] : []
  let coordination: Coordination | undefined
  let last = 'no session'
  try {
    coordination = await connectCoordination(config, ({ message }) => (last = message))
    const session = coordination
    await waited(() => session.state === 'connected', signal)
    if (coordination.state !== 'connected')
      return [{ level: 'fail', text: `ZooKeeper is ${coordination.state} for coordination: ${last}` }]
    return [await znodeLine(coordination, path, signal), ...warned]
  } catch (error) {
    return [{ level: 'fail', text: `coordination: ${messageOf(error)}` }]
  } finally {
    await coordination?.close()
  }
}

/** Whether Ovate's own znode is there, or could be made. @throws OvateError OVATE_ZOOKEEPER. */
export async function znodeLine(
  coordination: Pick<Coordination, 'children' | 'exists' | 'create' | 'delete'>,
  root: string,
  signal: AbortSignal,
): Promise<CheckLine> {
  const replicas = await coordination.children(`${root}/replicas`, undefined, signal)
  if (replicas !== undefined) {
    const text = `coordination: ZooKeeper answers, ${replicas.length} replicas are registered at ${root}`
    return { level: 'ok', text }
  }
  let above = root
  while (above !== '/' && !(await coordination.exists(above, undefined, signal))) above = parentOf(above)
  const problem = await problemBelow(above, coordination, signal)
  if (problem !== undefined)
    return { level: 'fail', text: `coordination: ${root} isn't there, and can't be made: ${problem}` }
  return {
    level: 'ok',
    text: `coordination: ZooKeeper answers, nothing is at ${root} yet: the first replica makes it`,
  }
}

const NO_CHROOT = 'the chroot that the connect string ends with is missing, and nobody makes that'

// What replicas make stays, and is left to whoever made it: who only tries makes something that goes with its session.
async function problemBelow(
  parent: string,
  coordination: Pick<Coordination, 'create' | 'delete'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const tried = `${parent === '/' ? '' : parent}/check-${randomUUID()}`
  try {
    const { kind } = await coordination.create(tried, Buffer.alloc(0), 'ephemeral', signal)
    if (kind === 'created') await coordination.delete(tried, undefined, signal)
    if (kind !== 'no-parent') return undefined
    return parent === '/' ? NO_CHROOT : `${parent} went away`
  } catch (error) {
    return messageOf(error)
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
