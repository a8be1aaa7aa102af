import { describe, expect, it } from 'vitest'
import type { Sensitivities } from '../../../../main/engine/allocation/damage/damage-model.ts'
import {
  checkSensitivities,
  parseSensitivities,
} from '../../../../main/engine/allocation/damage/sensitivity-file.ts'
import { openModel } from '../../../../main/engine/formats/open-model.ts'
import { SAMPLE_GGUF } from '../../../support/sample-model.ts'
import { errorOf } from '../../../support/thrown.ts'

const MODEL = openModel(SAMPLE_GGUF)

const GROUP = {
  tensors: ['blk.0.attn_q.weight', 'blk.1.attn_q.weight'],
  format: 'Q4_K',
  relativeError: 0.07,
  weightedRelativeError: 0.06,
  kld: 0.001,
  perplexityChange: -0.01,
  alpha: 0.25,
  standardError: 0.01,
}
const DOCUMENT: Sensitivities = {
  schema: 1,
  model: 'novelist-7m',
  tokens: 4096,
  context: 256,
  groups: [GROUP],
}

const parse = (document: unknown) => parseSensitivities(JSON.stringify(document), 'alpha.json')

describe('parseSensitivities', () => {
  it('reads back what was written', () => {
    expect(parse(DOCUMENT)).toEqual(DOCUMENT)
  })

  it('takes groups that were measured without importance', () => {
    const plain = { ...DOCUMENT, groups: [{ ...GROUP, weightedRelativeError: null }] }
    expect(parse(plain)).toEqual(plain)
  })

  it.each([
    ['alpha.json', []],
    ['alpha.json: schema', { ...DOCUMENT, schema: 2 }],
    ['alpha.json: model', { ...DOCUMENT, model: 7 }],
    ['alpha.json: tokens', { ...DOCUMENT, tokens: -1 }],
    ['alpha.json: groups', { ...DOCUMENT, groups: {} }],
    ['alpha.json: groups[0]', { ...DOCUMENT, groups: [null] }],
    ['alpha.json: groups[1].tensors', { ...DOCUMENT, groups: [GROUP, { ...GROUP, tensors: [] }] }],
    ['alpha.json: groups[0].tensors[1]', { ...DOCUMENT, groups: [{ ...GROUP, tensors: ['a', 1] }] }],
    ['alpha.json: groups[0].alpha', { ...DOCUMENT, groups: [{ ...GROUP, alpha: -0.1 }] }],
    ['alpha.json: groups[0].kld', { ...DOCUMENT, groups: [{ ...GROUP, kld: null }] }],
    ['alpha.json: groups[0].format', { ...DOCUMENT, groups: [{ ...GROUP, format: undefined }] }],
  ])('names the place of what is wrong: %s', (place, document) => {
    const expected = { code: 'BAD_SENSITIVITIES', place }
    expect(errorOf(() => parse(document))).toMatchObject(expected)
  })

  it('refuses what is no JSON, and says where it ends to be', () => {
    expect(errorOf(() => parseSensitivities('{"schema": 1,', 'alpha.json'))).toMatchObject({
      code: 'BAD_SENSITIVITIES',
      expected: 'JSON',
      place: expect.stringContaining('alpha.json: ') as string,
    })
  })
})

describe('checkSensitivities', () => {
  it('has nothing to say about those of the model', () => {
    expect(checkSensitivities(DOCUMENT, MODEL, 'alpha.json')).toEqual([])
  })

  it('tells every tensor that the model does not have or never quantizes', () => {
    const tensors = [...GROUP.tensors, 'blk.9.attn_q.weight', 'output_norm.weight']
    const strangers = checkSensitivities(
      { ...DOCUMENT, groups: [{ ...GROUP, tensors }] },
      MODEL,
      'alpha.json',
    )
    expect(strangers).toEqual(['blk.9.attn_q.weight', 'output_norm.weight'])
  })

  it('refuses those of another model', () => {
    const strange = { ...DOCUMENT, groups: [{ ...GROUP, tensors: ['h.0.mlp.weight'] }] }
    expect(errorOf(() => checkSensitivities(strange, MODEL, 'alpha.json'))).toMatchObject({
      code: 'BAD_SENSITIVITIES',
    })
  })

  it('has nothing to say about an empty list', () => {
    expect(checkSensitivities({ ...DOCUMENT, groups: [] }, MODEL, 'alpha.json')).toEqual([])
  })
})
