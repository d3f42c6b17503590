// One line in this process: turns, hand-overs, and those who leave at the wrong moment.
import { expect, test } from 'vitest'
import { LocalQueue } from '../../src/coordination/local-queue.ts'
import { settle } from '../support/manual-clock.ts'

const never = new AbortController().signal

function queue(): { line: LocalQueue<string>; dropped: string[]; turns: string[]; enter: Enter } {
  const dropped: string[] = []
  const turns: string[] = []
  const line = new LocalQueue<string>((thing) => dropped.push(thing))
  const enter = (who: string, signal = never): void => {
    line.enter('a', signal).then(
      (thing) => turns.push(`${who} ${thing ?? 'nothing'}`),
      () => turns.push(`${who} left`),
    )
  }
  return { line, dropped, turns, enter }
}

type Enter = (who: string, signal?: AbortSignal) => void

test('turns come in order, with what is handed over; lines of other names are others', async () => {
  const { line, turns, enter, dropped } = queue()
  enter('one')
  enter('two')
  enter('three')
  expect(await line.enter('b', never)).toBeUndefined()
  await settle()
  expect([turns, line.isWaitedFor('a'), line.isWaitedFor('b')]).toEqual([['one nothing'], true, false])
  line.leave('a', 'place')
  await settle()
  line.leave('a')
  await settle()
  expect(turns).toEqual(['one nothing', 'two place', 'three nothing'])
  line.leave('a', 'last')
  line.leave('b')
  expect([dropped, line.size]).toEqual([['last'], 0])
})

test.each([
  ['to the next', ['next'], ['gone left', 'next place'], []],
  ['to nobody', [], ['gone left'], ['place']],
])('a turn that comes together with the signal goes %s', async (_, others, turned, droppedThen) => {
  const { line, turns, enter, dropped } = queue()
  enter('holder')
  const stop = new AbortController()
  enter('gone', stop.signal)
  for (const other of others) enter(other)
  await settle()
  line.leave('a', 'place')
  stop.abort(new Error('enough'))
  await settle()
  expect([turns.slice(1), dropped]).toEqual([turned, droppedThen])
})

test('who leaves while waiting is passed by', async () => {
  const { line, turns, enter } = queue()
  enter('holder')
  const stop = new AbortController()
  enter('gone', stop.signal)
  enter('next')
  stop.abort(new Error('enough'))
  await settle()
  line.leave('a')
  await settle()
  expect(turns).toEqual(['holder nothing', 'gone left', 'next nothing'])
})
