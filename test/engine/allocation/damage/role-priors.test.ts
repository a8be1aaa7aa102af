import { describe, expect, it } from 'vitest'
import { rolePriors } from '../../../../main/engine/allocation/damage/role-priors.ts'
import { presetChoices } from '../../../../main/engine/allocation/presets/preset-choices.ts'
import { openModel } from '../../../../main/engine/formats/open-model.ts'
import type { Model } from '../../../../main/engine/formats/model.ts'
import { bitsPerWeight } from '../../../../main/engine/quantizers/format.ts'
import { formatByName } from '../../../../main/engine/quantizers/registry.ts'
import { weightCount } from '../../../../main/engine/tensor/tensor.ts'
import { LLAMA_3_1_8B, MIXTRAL, TIED } from '../../../support/model-shapes.ts'
import { SAMPLE_FOLDER, SAMPLE_GGUF } from '../../../support/sample-model.ts'
import { floatTensor, testFolder, writeSmallModel } from '../../../support/services.ts'

import { writeShapedModel, type ModelShape } from '../../../support/shaped-model.ts'

const SAMPLE = openModel(SAMPLE_GGUF)

/** What three quarters of a bit are worth. */
const BITS_75 = Number((4 ** 0.75).toPrecision(12))

const openShape = (shape: ModelShape): Model => openModel(writeShapedModel(testFolder(), shape))

/** Sensitivity of one weight by tensor name, in units of a plain matrix in the middle. */
function perWeight(model: Model): (name: string) => number {
  const priors = rolePriors(model)
  const density = new Map(
    model.tensors.map((tensor) => [tensor.name, (priors.get(tensor.name) ?? 0) / weightCount(tensor)]),
  )
  const plain = density.get('blk.2.attn_q.weight') ?? 1
  // The sum of all weights cancels, but for its rounding.
  return (name) => Number(((density.get(`${name}.weight`) ?? NaN) / plain).toPrecision(12))
}

function bitsOf(name: string): number {
  const format = formatByName(name)
  if (!format) throw new Error(`There is no format ${name}`)
  return bitsPerWeight(format)
}

describe('rolePriors', () => {
  it('guesses for every quantizable tensor and for no other', () => {
    const quantizable = SAMPLE.tensors.filter((tensor) => tensor.quantizable).map(({ name }) => name)
    expect([...rolePriors(SAMPLE).keys()]).toEqual(quantizable)
    expect([...rolePriors(SAMPLE).values()].every((value) => value > 0 && Number.isFinite(value))).toBe(true)
  })

  it('is the same for both containers of a model', () => {
    const sorted = (model: Model): number[] => [...rolePriors(model).values()].sort((a, b) => a - b)
    expect(sorted(openModel(SAMPLE_FOLDER))).toEqual(sorted(SAMPLE))
  })

  it.each(['Q3_K_M', 'Q4_K_M', 'Q5_K_M', 'Q2_K', 'Q4_K_S'])(
    'never thinks less of a tensor that %s spends more bits on',
    (preset) => {
      const choices = presetChoices(SAMPLE, { preset, method: 'reference', hasImportance: true })
      const value = perWeight(SAMPLE)
      const bulk = Math.min(...Object.values(choices).map(({ format }) => bitsOf(format)))
      const raised = Object.entries(choices).filter(([, { format }]) => bitsOf(format) > bulk)
      expect(raised.length).toBeGreaterThan(0)
      for (const [name] of raised) expect(value(name.replace('.weight', ''))).toBeGreaterThan(1)
    },
  )

  it('puts the output first, then down and value matrices, then the attention output, then the bulk', () => {
    const value = perWeight(SAMPLE)
    const order = ['output', 'blk.2.ffn_down', 'blk.2.attn_output', 'blk.2.ffn_up'].map(value)
    expect(order).toEqual([64, BITS_75, 2, 1])
    expect(value('blk.2.attn_v')).toBeCloseTo(2 * BITS_75, 9)
  })

  it('thinks more of feed-forward and value matrices in the first and the last layers', () => {
    const value = perWeight(SAMPLE)
    const edge = BITS_75
    expect([value('blk.0.ffn_up'), value('blk.5.ffn_up')]).toEqual([edge, edge])
    expect(value('blk.0.attn_q')).toBe(1)
    const large = perWeight(openShape(LLAMA_3_1_8B))
    const edges = [0, 3, 4, 27, 28, 31].map((layer) => large(`blk.${layer}.ffn_up`))
    expect(edges).toEqual([edge, edge, 1, 1, edge, edge])
  })

  it('treats the embedding as the output where it is both', () => {
    const value = perWeight(openShape(TIED))
    expect(value('token_embd')).toBe(64)
    expect(perWeight(SAMPLE)('token_embd')).toBe(2)
  })

  it('counts weights that several heads share so many times', () => {
    const value = perWeight(openShape(LLAMA_3_1_8B))
    expect(value('blk.10.attn_k')).toBe(4)
    expect(value('blk.10.attn_v')).toBeCloseTo(4 * BITS_75, 9)
  })

  it('counts of the experts only those that a token passes through', () => {
    const value = perWeight(openShape(MIXTRAL))
    expect(value('blk.10.ffn_up_exps')).toBe(0.25)
    expect(value('blk.10.ffn_down_exps')).toBeCloseTo(0.25 * BITS_75, 9)
  })

  it('puts roles it does not know between the ordinary and the protected', () => {
    const extra = [floatTensor('blk.0.ssm_in.weight', [256, 64], 5)]
    const model = openModel(writeSmallModel(testFolder(), { layers: 3, extra }))
    expect(perWeight(model)('blk.0.ssm_in')).toBe(2)
  })

  it('does not depend on the size of the model', () => {
    const sum = (model: Model): number =>
      [...rolePriors(model).values()].reduce((total, value) => total + value, 0)
    expect(sum(SAMPLE)).toBeGreaterThan(1)
    expect(sum(openShape(LLAMA_3_1_8B))).toBeLessThan(64)
  })
})
