// Loaded into Ovate's process before its own code: upon SIGUSR2 it collects garbage and writes a line of what is alive.
import { type EventEmitter } from 'node:events'
import { appendFileSync } from 'node:fs'

const file = process.env['SOAK_FILE'] ?? ''

/** Node tells what is open only here. */
interface Insides {
  _getActiveHandles(): readonly (EventEmitter | object)[]
}

process.on('SIGUSR2', () => {
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const handles = (process as unknown as Insides)._getActiveHandles()
  const listeners = handles.map((handle) => countOf(handle))
  const line = {
    rss,
    heapUsed,
    external,
    handles: handles.length,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    listeners: listeners.reduce((all, count) => all + count, countOf(process)),
    listenersMost: Math.max(0, ...listeners),
  }
  appendFileSync(file, `${JSON.stringify(line)}\n`)
})

function countOf(emitter: EventEmitter | object): number {
  if (!('eventNames' in emitter)) return 0
  return emitter.eventNames().reduce((all, name) => all + emitter.listenerCount(name), 0)
}
