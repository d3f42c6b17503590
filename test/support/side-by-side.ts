// The same asked of Ovate and of the sandbox behind it.
import { type Got, askSql } from './http-client.ts'
import { type SandboxStack } from './sandbox-stack.ts'

/** A statement, or a body for the endpoint of statements. */
export type Body = string | Readonly<Record<string, unknown>>
export type Headers = Readonly<Record<string, string>>

export interface Both {
  readonly ours: Got
  readonly theirs: Got
}

/** Asks both, and waits until Ovate does nothing beside it any more. */
export async function askBoth(
  { url, sandbox, stack }: SandboxStack,
  body: Body,
  headers: Headers = {},
): Promise<Both> {
  const ours = await askSql(`${url}/druid/v2/sql`, body, headers)
  const theirs = await askSql(`${sandbox.url}/druid/v2/sql`, body, headers)
  await stack.keeper.settled()
  return { ours, theirs }
}

/** What counts of an answer. */
export function seen({ status, body, complete }: Got): Readonly<Record<string, unknown>> {
  return { status, complete, body: body.toString() }
}

/** What `Cache-Status` says, without Ovate's name. */
export function cacheStatus({ headers }: Got): string {
  return String(headers['cache-status']).replace(/^ovate; /, '')
}

/** The plan of an answer, and how much of it was held. */
export function planOf(got: Got): { readonly plan: string; readonly held: number; readonly of: number } {
  const [, plan = 'none', held = '0', of = '0'] =
    /detail="(\w+)(?: (\d+)\/(\d+))?/.exec(cacheStatus(got)) ?? []
  return { plan, held: Number(held), of: Number(of) }
}
