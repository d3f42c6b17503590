/** A hang is to be told, not slowness: cores may be busy. */
const WAIT_MS = 50_000

/** Polls, because what is waited for comes over sockets. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('what was waited for did not come')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
