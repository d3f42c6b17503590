import { expect, test } from 'vitest'
import { readSqlBody } from '../../src/http/sql-body.ts'
import { type RequestBodies } from '../../src/engine/request.ts'

const CONTEXT = { sqlOuterLimit: 5, sqlTimeZone: 'UTC', sqlQueryId: 'mine' }

function bodies(context: object = CONTEXT, id = 'mine'): RequestBodies {
  const reading = readSqlBody(Buffer.from(JSON.stringify({ query: 'SELECT 1', context })))
  if (reading.kind !== 'read') throw new Error(reading.kind)
  return reading.body.bodies(id)
}

test('a limit round the client’s statement does not cut parts of its answer', () => {
  const parts = JSON.parse(bodies().parts('SELECT 2', '').toString()) as object
  expect(parts).toMatchObject({ query: 'SELECT 2', parameters: [] })
  expect(parts).toHaveProperty('context', { sqlTimeZone: 'UTC', sqlQueryId: 'mine' })
  const others = JSON.parse(bodies(CONTEXT, 'other').parts('SELECT 2', '[1]').toString()) as object
  expect(others).toMatchObject({ parameters: [1] })
  expect(others).toHaveProperty('context', { sqlTimeZone: 'UTC', sqlQueryId: 'other' })
})

test('but it is part of what the client asked', () => {
  expect(JSON.parse(bodies().kept().toString())).toMatchObject({ context: CONTEXT })
  expect(JSON.parse(bodies().explain('EXPLAIN PLAN FOR SELECT 1').toString())).toHaveProperty('context', {
    sqlOuterLimit: 5,
    sqlTimeZone: 'UTC',
  })
  expect(JSON.parse(bodies().explain('EXPLAIN PLAN FOR SELECT 2', '').toString())).toHaveProperty('context', {
    sqlTimeZone: 'UTC',
  })
})
