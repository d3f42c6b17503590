// Whether Ovate's own account may read timelines.
import { type Config } from '../config/config.ts'
import { type Druid } from '../druid/druid.ts'
import { type CheckLine } from './check-steps.ts'
import { askedAsOwn } from './own-account.ts'

const LIST = '/druid/v2/datasources'
/** Few segments, if any: that it is answered at all is what counts. */
const INTERVAL = '2000-01-01T00:00:00.000Z/2000-01-01T00:00:00.001Z'

/** One line; never throws. */
export async function accountLines(
  config: Config,
  druid: Pick<Druid, 'send'>,
  signal: AbortSignal,
): Promise<readonly CheckLine[]> {
  let path = LIST
  try {
    const list = await askedAsOwn(path, { config, druid }, signal)
    if (list.status !== 200) return [refused(path, list.status)]
    const names = namesIn(list.text)
    if (names === undefined) return [{ level: 'fail', text: `GET ${path} is not understood` }]
    const [first] = names
    if (first === undefined) return [NOTHING]
    // The list leaves out what may not be read, and is answered to everybody.
    path = `${LIST}/${encodeURIComponent(first)}/candidates`
    const timeline = await askedAsOwn(`${path}?intervals=${INTERVAL}`, { config, druid }, signal)
    if (timeline.status !== 200) return [refused(path, timeline.status)]
    const many = `${names.length} datasource${names.length === 1 ? '' : 's'}`
    return [{ level: 'ok', text: `Ovate's own account may read the timelines of ${many}` }]
  } catch (error) {
    return [
      {
        level: 'fail',
        text: `GET ${path} failed: ${error instanceof Error ? error.message : String(error)}`,
      },
    ]
  }
}

const NOTHING: CheckLine = {
  level: 'warn',
  text: "Ovate's own account may read no datasource, or there is none: answers will live for their bound only; see druid.username",
}

function refused(path: string, status: number): CheckLine {
  const text = `GET ${path} answered ${status}: answers will live for their bound only; see druid.username`
  return { level: 'fail', text }
}

function namesIn(text: string): readonly string[] | undefined {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) && list.every((name) => typeof name === 'string') ? list : undefined
  } catch {
    return undefined
  }
}
