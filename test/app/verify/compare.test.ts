import { describe, expect, test } from 'vitest'
import { compareAnswers } from '../../../src/app/verify/compare.ts'

const HEAD = '["d","n","x","f"],["STRING","LONG","DOUBLE","FLOAT"],["VARCHAR","BIGINT","DOUBLE","FLOAT"]'

function answer(...rows: readonly string[]): Buffer {
  return Buffer.from(`[${[HEAD, ...rows].join()}]\n`)
}

const A = '["a",1,0.3,1.5]'
const B = '["b",2,7.0,2.5]'

describe('two answers', () => {
  test.each<[string, Buffer, Buffer, string]>([
    ['of the same bytes', answer(A, B), answer(A, B), 'same'],
    ['without rows', answer(), answer(), 'same'],
    ['in another order', answer(B, A), answer(A, B), 'order'],
    ['with other last bits of a double', answer('["a",1,0.30000000000000004,1.5]'), answer(A), 'floating'],
    ['with other last bits of a float', answer('["a",1,0.3,1.5000001]'), answer(A), 'floating'],
    ['with last bits in another order', answer(B, '["a",1,0.30000000000000004,1.5]'), answer(A, B), 'order'],
    ['with another double', answer('["a",1,0.3001,1.5]'), answer(A), 'different'],
    [
      'with another integer past 2^53',
      answer('["a",9007199254740993,0.3,1.5]'),
      answer('["a",9007199254740992,0.3,1.5]'),
      'different',
    ],
    ['with a null for a zero', answer('["a",null,0.3,1.5]'), answer('["a",0,0.3,1.5]'), 'different'],
    ['with another text', answer('["A",1,0.3,1.5]'), answer(A), 'different'],
    ['with numbers as text', answer('["1.0",1,0.3,1.5]'), answer('["1.00000000001",1,0.3,1.5]'), 'different'],
    ['with a row less', answer(A), answer(A, B), 'different'],
    ['with one row twice and another not at all', answer(A, A, B), answer(A, B, B), 'different'],
  ])('%s', (_, ours, theirs, kind) => {
    expect(compareAnswers(ours, theirs).kind).toBe(kind)
  })

  test.each<[string, Buffer, Buffer, string]>([
    ['that was cut on our side', answer(A).subarray(0, -3), answer(A), "Ovate's answer is not whole"],
    ['that was cut on their side', answer(A), answer(A).subarray(0, -1), "Druid's answer is not whole"],
    [
      'with another type',
      Buffer.from('[["n"],["LONG"],["BIGINT"],[1]]\n'),
      Buffer.from('[["n"],["LONG"],["INTEGER"],[1]]\n'),
      'SQL types: ["BIGINT"] instead of ["INTEGER"]',
    ],
    [
      'with another name',
      Buffer.from('[["m"],["LONG"],["BIGINT"],[1]]\n'),
      Buffer.from('[["n"],["LONG"],["BIGINT"],[1]]\n'),
      'names: ["m"] instead of ["n"]',
    ],
    ['with another row', answer(A, A), answer(A, B), `row 2: ${A} instead of ${B}`],
    ['with rows too many', answer(A, B), answer(A), '2 rows instead of 1'],
  ])('%s: it is said what differs', (_, ours, theirs, what) => {
    expect(compareAnswers(ours, theirs)).toEqual({ kind: 'different', what })
  })
})
