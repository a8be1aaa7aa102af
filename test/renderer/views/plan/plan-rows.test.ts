import { describe, expect, test } from 'vitest'
import type { FormatInfo, Tensor } from '../../../../preload/contract.ts'
import {
  fallbackReason,
  planCell,
  planTable,
  sortPlanRows,
  type PlanRow,
} from '../../../../renderer/views/plan/plan-rows.ts'
import { scopeGroups, scopeNames } from '../../../../renderer/views/plan/plan-scopes.ts'

function tensor(name: string, layer: number | null, role: string, rest: Partial<Tensor> = {}): Tensor {
  return {
    name,
    layer,
    role,
    shape: [288, 64],
    type: 'F16',
    file: 0,
    offsetBytes: 0,
    bytes: 36_864,
    quantizable: true,
    ...rest,
  }
}

const Q4_K: FormatInfo = {
  name: 'Q4_K', id: 12, family: 'k', target: 'llama.cpp', blockSize: 256, blockBytes: 144, bpw: 4.5,
  needsImportance: false, methods: ['reference'],
} // prettier-ignore
const formats = new Map([['Q4_K', Q4_K]])

function row(format: string, error: number | null): PlanRow {
  const planned = {
    name: 'q',
    format,
    requested: 'Q4_K',
    method: 'reference',
    bytes: 12_672,
    error,
    damage: null,
  } as const
  return { tensor: tensor('q', 0, 'attn_q'), planned, requested: 'Q4_K', pinned: false }
}

describe('fallback', () => {
  test('is explained by the row length and the block', () => {
    expect(fallbackReason(row('Q5_0', 0.04), formats)).toBe(
      'The row length 288 is no multiple of 256, the block of Q4_K, so Q5_0 takes its place.',
    )
  })

  test('needs no words when the tensor becomes what was asked for', () => {
    expect(fallbackReason(row('Q4_K', 0.04), formats)).toBeNull()
  })
})

describe('cells', () => {
  test('an error that is not measured is not a number', () => {
    expect(planCell(row('Q5_0', null), 'error', formats).text).toBe('not yet')
  })

  test('kept bytes have no error', () => {
    const planned = {
      name: 'q',
      format: 'F16',
      requested: 'F16',
      method: null,
      bytes: 36_864,
      error: 0,
      damage: 0,
    } as const
    const kept: PlanRow = { ...row('F16', 0), planned, requested: null }
    expect([planCell(kept, 'requested', formats).text, planCell(kept, 'error', formats).text]).toEqual([
      'keep',
      '0',
    ])
  })

  test('sizes are exact on hover', () => {
    expect(planCell(row('Q5_0', 0.04), 'after', formats)).toEqual({ text: '12.4 KiB', title: '12,672 bytes' })
  })
})

test('sorts by error, the unknown ones first and last', () => {
  const rows = [row('Q4_K', 0.07), row('Q5_0', null), row('Q8_0', 0.01)]
  const order = (descending: boolean) =>
    sortPlanRows(rows, { column: 'error', descending }).map((one) => one.planned?.format)
  expect([order(false), order(true)]).toEqual([
    ['Q5_0', 'Q8_0', 'Q4_K'],
    ['Q4_K', 'Q8_0', 'Q5_0'],
  ])
})

test('the copied plan has a record per tensor', () => {
  const { columns, rows } = planTable([row('Q5_0', 0.04)])
  expect(rows[0]?.[columns.indexOf('requested')]).toBe('Q4_K')
  expect(rows[0]?.[columns.indexOf('format')]).toBe('Q5_0')
})

describe('scopes', () => {
  const tensors = [
    tensor('blk.0.attn_q.weight', 0, 'attn_q'),
    tensor('blk.0.attn_norm.weight', 0, 'attn_norm', { quantizable: false }),
    tensor('blk.10.attn_q.weight', 10, 'attn_q'),
    tensor('blk.2.ffn_up.weight', 2, 'ffn_up'),
    tensor('output.weight', null, 'output'),
  ]
  const source = {
    tensors,
    selected: ['output.weight', 'blk.0.attn_norm.weight'],
    filtered: ['blk.2.ffn_up.weight'],
  }

  test.each([
    ['role:attn_q', ['blk.0.attn_q.weight', 'blk.10.attn_q.weight']],
    ['layer:0', ['blk.0.attn_q.weight']],
    ['filtered', ['blk.2.ffn_up.weight']],
    ['selected', ['output.weight']],
  ])('%s reaches the tensors that can be quantized', (scope, names) => {
    expect(scopeNames(scope, source)).toEqual(names)
  })

  test('all leaves out what llama.cpp keeps', () => {
    expect(scopeNames('all', source)).toHaveLength(4)
  })

  test('layers are offered in numeric order', () => {
    expect(scopeGroups(tensors)[2]?.scopes.map((scope) => scope.label)).toEqual([
      'layer 0',
      'layer 2',
      'layer 10',
    ])
  })
})
