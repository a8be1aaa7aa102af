import { describe, expect, test } from 'vitest'

import { matchImportance } from '../../../main/engine/importance/match-importance.ts'
import { openModel } from '../../../main/engine/formats/open-model.ts'
import { readImatrix } from '../../../main/engine/importance/read-imatrix.ts'
import type { Imatrix, ImportanceEntry } from '../../../main/engine/importance/imatrix.ts'
import type { Tensor } from '../../../main/engine/tensor/tensor.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../support/sample-model.ts'

function tensor(name: string, shape: readonly number[]): Tensor {
  const place = { type: 'F16', file: 0, offsetBytes: 0, bytes: 0, layer: 0, role: 'x' }
  return { ...place, name, shape, quantizable: true }
}

function imatrix(entries: Readonly<Record<string, Partial<ImportanceEntry>>>): Imatrix {
  const complete = Object.entries(entries).map(([name, entry]) => {
    const defaults = { values: Float32Array.of(1, 2), experts: 1, emptyExperts: [] }
    return [name, { ...defaults, ...entry }] as const
  })
  return { path: 'x', kind: 'gguf', entries: new Map(complete), datasets: [], chunkCount: null }
}

function match(tensors: readonly Tensor[], entries: Readonly<Record<string, Partial<ImportanceEntry>>>) {
  return matchImportance({ tensors, architecture: 'mixtral' }, imatrix(entries))
}

describe('the sample', () => {
  test.each([
    [SAMPLE_GGUF, 'token_embd.weight'],
    [SAMPLE_FOLDER, 'model.embed_tokens.weight'],
  ])('%s has a vector for every matrix but the embedding', (path, missing) => {
    const { vectors, coverage } = matchImportance(
      openModel(path),
      readImatrix(`${SAMPLE_FOLDER}/imatrix.gguf`),
    )
    expect(coverage).toEqual({ matched: 43, missing: [missing], unusable: [], zeroCounts: [], unused: [] })
    expect(vectors.size).toBe(43)
  })
})

test('an entry of another length is told and not used', () => {
  const { vectors, coverage } = match([tensor('a.weight', [3, 4])], { 'a.weight': {} })
  expect(coverage.unusable).toEqual([{ kind: 'length', tensor: 'a.weight', expected: 3, found: 2 }])
  expect(vectors.size).toBe(0)
})

test.each([NaN, Infinity])(
  'an entry with the value %s is told with its row and column and not used',
  (value) => {
    const entry = { values: Float32Array.of(1, 2, 3, value), experts: 2 }
    const { vectors, coverage } = match([tensor('a.weight', [2, 5, 2])], { 'a.weight': entry })
    expect(coverage.unusable).toEqual([{ kind: 'value', tensor: 'a.weight', row: 1, column: 1, value }])
    expect(vectors.size).toBe(0)
  },
)

test('an entry without tensor is told', () => {
  expect(match([], { 'b.weight': {} }).coverage.unused).toEqual(['b.weight'])
})

test('a tensor that is not quantized needs no entry', () => {
  const kept = { ...tensor('norm.weight', [2]), quantizable: false }
  expect(match([kept], {}).coverage.missing).toEqual([])
})

test('experts of a stack have a vector each, and those without text are told', () => {
  const values = Float32Array.of(1, 2, 1, 1)
  const entry = { values, experts: 2, emptyExperts: [1] }
  const { vectors, coverage } = match([tensor('blk.0.ffn_up_exps.weight', [2, 5, 2])], {
    'blk.0.ffn_up_exps.weight': entry,
  })
  expect(vectors.get('blk.0.ffn_up_exps.weight')).toEqual(values)
  expect(coverage.zeroCounts).toEqual([{ tensor: 'blk.0.ffn_up_exps.weight', experts: [1] }])
})

test('an expert of its own takes its slice of the stack', () => {
  const names = [0, 1].map((expert) => `model.layers.0.mlp.experts.${expert}.up_proj.weight`)
  const entry = { values: Float32Array.of(1, 2, 1, 1), experts: 2, emptyExperts: [1] }
  const { vectors, coverage } = match(
    names.map((name) => tensor(name, [2, 5])),
    { 'blk.0.ffn_up_exps.weight': entry },
  )
  expect(names.map((name) => [...vectors.get(name)!])).toEqual([
    [1, 2],
    [1, 1],
  ])
  expect(coverage.zeroCounts).toEqual([{ tensor: names[1], experts: [0] }])
})

test('an expert of its own takes its slice of a legacy entry, which does not count the experts', () => {
  const entry = { values: Float32Array.of(1, 2, 0, 0, 5, 6), experts: 1 }
  const names = [0, 1, 2].map((expert) => `model.layers.0.mlp.experts.${expert}.up_proj.weight`)
  const { vectors, coverage } = match(
    names.map((name) => tensor(name, [2, 5])),
    { 'blk.0.ffn_up_exps.weight': entry },
  )
  expect(names.map((name) => [...vectors.get(name)!])).toEqual([
    [1, 2],
    [0, 0],
    [5, 6],
  ])
  expect(coverage.zeroCounts).toEqual([{ tensor: names[1], experts: [0] }])
})

test('an expert whose values are all zero was reached by no text', () => {
  const entry = { values: Float32Array.of(1, 2, 0, 0), experts: 1 }
  const { coverage } = match([tensor('blk.0.ffn_up_exps.weight', [2, 5, 2])], {
    'blk.0.ffn_up_exps.weight': entry,
  })
  expect(coverage.zeroCounts).toEqual([{ tensor: 'blk.0.ffn_up_exps.weight', experts: [1] }])
})
