import { describe, expect, it } from 'vitest'
import {
  filterTensors,
  GLOBAL,
  lowerNames,
  nameTest,
  NO_QUERY,
  type TensorQuery,
} from '../../../../renderer/views/tensors/tensor-filter.ts'
import { llamaTensors } from '../../../support/window-data.ts'

const tensors = llamaTensors(2222)
const names = lowerNames(tensors)

function found(query: Partial<TensorQuery>): readonly string[] {
  const indices = filterTensors(tensors, names, { ...NO_QUERY, ...query })
  return Array.from(indices, (index) => tensors[index]?.name ?? '')
}

describe('the text of the filter', () => {
  it('keeps all 20,000 tensors when it is empty', () => {
    expect(found({})).toHaveLength(20_000)
  })

  it('matches words in any order and letter case', () => {
    expect(found({ text: 'Attn_K blk.7.' })).toEqual(['blk.7.attn_k.weight'])
  })

  it('matches a glob against the whole name', () => {
    expect(found({ text: 'blk.1?.attn_[qk].weight' })).toHaveLength(20)
    expect(found({ text: 'attn_*' })).toEqual([])
  })

  it('matches a regular expression between slashes', () => {
    expect(found({ text: '/^blk\\.(3|5)\\.ffn_(up|down)/' })).toHaveLength(4)
  })

  it('says so when the expression is not valid, and then finds nothing', () => {
    expect(nameTest('/(/')).toBeNull()
    expect(found({ text: '/(/' })).toEqual([])
  })
})

describe('roles, layers and types', () => {
  it('combine with the text', () => {
    expect(found({ text: 'weight', roles: ['attn_q', 'ffn_up'], layers: [3, 4] })).toHaveLength(4)
  })

  it('find the tensors of no layer', () => {
    expect(found({ layers: [GLOBAL] })).toEqual(['token_embd.weight', 'output.weight'])
  })

  it('find nothing for a type the model does not have', () => {
    expect(found({ types: ['Q4_K'] })).toEqual([])
  })
})
