import { describe, expect, it } from 'vitest'
import { chooseKernels, kernelsName, typescriptKernels } from '../../../main/engine/kernels/kernels.ts'
import { encodedBytes } from '../../../main/engine/quantizers/format.ts'
import { FORMATS, formatByName } from '../../../main/engine/quantizers/registry.ts'
import { randomImportance, randomRow } from '../../support/random-rows.ts'
import { errorOf } from '../../support/thrown.ts'
import { allKernels } from '../../support/twins.ts'

const everyKernels = allKernels()

describe('the kernels', () => {
  it('quantize rows one by one with the same importance', () => {
    const format = formatByName('Q4_0')!
    const weights = randomRow('heavy', 3 * 64, 1)
    const importance = randomImportance('lognormal', 64, 1)
    const out = new Uint8Array(encodedBytes(format, weights.length))
    typescriptKernels.quantizeRows(format, 'reference', weights, 64, importance, out)
    for (let row = 0; row < 3; row += 1) {
      const alone = new Uint8Array(36)
      format.methods.reference!(weights.subarray(row * 64, (row + 1) * 64), importance, alone)
      expect(out.subarray(row * 36, (row + 1) * 36)).toEqual(alone)
    }
  })

  it('refuse a method that the format does not have', () => {
    const format = formatByName('Q4_0')!
    const run = () =>
      typescriptKernels.quantizeRows(format, 'gptq', new Float32Array(32), 32, null, new Uint8Array(18))
    expect(errorOf(run)).toMatchObject({
      code: 'METHOD_UNSUPPORTED',
      expected: 'one of reference, optimal, optimal-square, optimal-ggml',
    })
  })

  it.each(everyKernels)('$name refuse an importance of another length, and name both lengths', (kernels) => {
    const format = formatByName('Q4_0')!
    const importance = new Float32Array(31).fill(1)
    const run = () =>
      kernels.quantizeRows(format, 'reference', new Float32Array(64), 32, importance, new Uint8Array(36))
    expect(errorOf(run)).toMatchObject({
      code: 'IMPORTANCE_SHAPE',
      message: 'The importance has 31 values, a row has 32 weights',
      expected: '32 values',
    })
  })

  it.each(everyKernels)('$name refuse to go without the importance that a format needs', (kernels) => {
    const format = FORMATS.find(({ needsImportance }) => needsImportance)!
    const [weights, out] = [new Float32Array(format.blockSize), new Uint8Array(format.blockBytes)]
    const run = () => kernels.quantizeRows(format, 'reference', weights, weights.length, null, out)
    expect(errorOf(run)).toMatchObject({ code: 'IMPORTANCE_NEEDED' })
  })

  it('are the TypeScript ones where native ones are not wanted', () => {
    expect(chooseKernels(false)).toBe(typescriptKernels)
    expect(kernelsName(false)).toBe('typescript')
  })
})
