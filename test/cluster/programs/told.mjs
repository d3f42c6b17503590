// What each program of Node shares: one line of JSON per case, of what the client was given.
import { createInterface } from 'node:readline'

// Of one answer only, or of one server: ids of queries, and where the answer came from.
const MASKS = [
  [/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID'],
  [/(?:127\.0\.0\.1|localhost)(?::\d+)?/g, 'HOST'],
]

export const masked = (text) => MASKS.reduce((masking, [what, name]) => masking.replaceAll(what, name), text)

/** Runs all cases against each address that is read, a line each, until there is no more; `.` ends each run. */
export async function tell(cases, print = (value) => masked(JSON.stringify(value))) {
  for await (const line of createInterface({ input: process.stdin })) {
    for (const [name, run] of cases(`http://${line.trim()}`)) {
      let seen
      try {
        seen = await run()
      } catch (error) {
        seen = { raised: error.name, text: error.message }
      }
      process.stdout.write(`${print({ case: name, seen })}\n`)
    }
    process.stdout.write('.\n')
  }
}
