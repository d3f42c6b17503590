// Native batch tasks: sent to the Overlord and waited for.
import { parseJson, request } from './http.ts'
import { GiveUp, waitUntil, within } from './wait.ts'

const TASK_MS = 10 * 60_000

interface TaskStatus {
  readonly status: { readonly statusCode: string; readonly errorMsg?: string | null }
}

/** Runs one task on the Overlord at `coordinator` to its success and returns its id. Throws with its error when it fails. */
export async function runTask(coordinator: string, task: object, signal?: AbortSignal): Promise<string> {
  const deadline = within(TASK_MS, signal)
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
