// Native batch tasks: sent to the Overlord and waited for.
import { parseJson, request } from './http.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

const TASK_MS = 10 * 60_000

interface TaskStatus {
  readonly status: { readonly statusCode: string; readonly errorMsg?: string | null }
}

/** How often a task is sent that got no locks: by then it has read and written nothing. */
const TRIES = 5
/** Seen on a young Overlord that was sent two tasks at once, though they were of two datasources. */
const NO_LOCKS = 'Failed to get locks for intervals'

/** Runs one task on the Overlord at `coordinator` to its success and returns its id. Throws with its error when it fails. */
export async function runTask(coordinator: string, task: object, signal?: AbortSignal): Promise<string> {
  const deadline = within(TASK_MS, signal)
  for (let tries = 1; ; tries += 1) {
    try {
      return await runOnce(coordinator, task, deadline)
    } catch (error) {
      if (tries === TRIES || !String(error).includes(NO_LOCKS)) throw error
      process.stderr.write(`a task got no locks, and is sent once more: ${String(error).slice(0, 300)}\n`)
    }
  }
}

async function runOnce(coordinator: string, task: object, deadline: AbortSignal): Promise<string> {
  const url = `${coordinator}/druid/indexer/v1/task`
  let id = ''
  const submit = async (): Promise<boolean> => {
    const response = await request(url, { body: task }, deadline)
    // A young Overlord is not leader yet: 503 or 404 for some seconds.
    if (response.status === 400) throw new GiveUp(`task refused: ${response.body.toString().slice(0, 2000)}`)
    id = (parseJson(response) as { task: string }).task
    return true
  }
  await waitUntil('the Overlord to take a task', submit, deadline)
  const done = async (): Promise<boolean> => {
    const { status } = parseJson(
      await request(`${url}/${encodeURIComponent(id)}/status`, {}, deadline),
    ) as TaskStatus
    if (status.statusCode === 'FAILED')
      throw new GiveUp(`task ${id} failed: ${status.errorMsg ?? 'no message'}`)
    return status.statusCode === 'SUCCESS'
  }
  await waitUntil(`task ${id}`, done, deadline)
  return id
}
