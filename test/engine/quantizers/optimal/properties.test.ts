import { describe, expect, it } from 'vitest'
import { FileBytes } from '../../../../main/engine/formats/file-bytes.ts'
import { openModel } from '../../../../main/engine/formats/open-model.ts'
import { typescriptKernels } from '../../../../main/engine/kernels/kernels.ts'
import type { Format, Method } from '../../../../main/engine/quantizers/format.ts'
import { FORMATS } from '../../../../main/engine/quantizers/registry.ts'
import { RowReader } from '../../../../main/engine/tensor/row-reader.ts'
import { randomImportance, randomRow } from '../../../support/random-rows.ts'
import { SAMPLE_GGUF } from '../../../support/sample-model.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const LENGTH = 1024
/** Large enough for every f16 scale to keep its 11 bits, and small enough for eight bits of NVFP4. */
const SIZE = 400
const SEARCHED = FORMATS.filter((format) => format.methods.optimal)

/** Formats whose search leaves nothing out, over scales of both signs. */
const EXACT = [
  'Q8_0',
  'Q5_0',
  'Q4_0',
  'IQ4_NL',
  'NVFP4',
  'MXFP4',
  'Q2_0',
  'TQ2_0',
  'TQ1_0',
  'Q1_0',
  'IQ1_M',
  'IQ1_S',
]
const EXACT_FORMATS = SEARCHED.filter(({ name }) => EXACT.includes(name))

function decode(format: Format, bytes: Uint8Array, length: number): Float32Array {
  const decoded = new Float32Array(length)
  format.dequantize(bytes, decoded)
  return decoded
}

function named(formats: readonly Format[]) {
  return formats.map((format) => [format.name, format] as const)
}

describe.each(named(SEARCHED))('%s', (_name, format) => {
  const weights = randomRow('gauss', LENGTH, 17).map((weight) => SIZE * weight)
  const importance = randomImportance('lognormal', LENGTH, 18)

  it.each([0.5, 8])('decodes weights %s times as large to values as much larger', (factor) => {
    const plain = decode(format, encode(format, 'optimal', weights, importance), LENGTH)
    const larger = weights.map((weight) => factor * weight)
    const scaled = decode(format, encode(format, 'optimal', larger, importance), LENGTH)
    expect(scaled).toEqual(plain.map((value) => factor * value))
  })

  it('gives the same bytes for importance four times as large', () => {
    const larger = importance.map((value) => 4 * value)
    expect(encode(format, 'optimal', weights, larger)).toEqual(encode(format, 'optimal', weights, importance))
  })
})

describe.each(named(EXACT_FORMATS))('the exact search of %s', (_name, format) => {
  it('leaves the same error when all signs are turned round', () => {
    const weights = randomRow('heavy', LENGTH, 27)
    const importance = randomImportance('scattered zeros', LENGTH, 28)
    const errorsOf = (row: Float32Array) =>
      blockErrors(format, row, (i) => importance[i]!, encode(format, 'optimal', row, importance))
    const errors = errorsOf(weights)
    for (const [block, error] of errorsOf(weights.map((weight) => -weight)).entries()) {
      expect(Math.abs(error - errors[block]!)).toBeLessThanOrEqual(1e-9 * error)
    }
  })

  it('gives the same bytes for importance ten times as large', () => {
    const weights = randomRow('gauss', LENGTH, 37)
    const importance = randomImportance('lognormal', LENGTH, 38).map((value) => Math.round(value * 1000))
    const larger = importance.map((value) => 10 * value)
    expect(encode(format, 'optimal', weights, larger)).toEqual(encode(format, 'optimal', weights, importance))
  })

  it('leaves no larger plain error in the sample model than reference and the other objectives', () => {
    const { weights, rowLength } = sampleRows('blk.2.ffn_up.weight', 8)
    const importance = format.needsImportance ? new Float32Array(weights.length).fill(1) : null
    const errorBy = (method: Method) => {
      const bytes = Array.from({ length: weights.length / rowLength }, (_, row) =>
        encode(
          format,
          method,
          weights.subarray(row * rowLength, (row + 1) * rowLength),
          importance && importance.subarray(0, rowLength),
        ),
      )
      const all = Uint8Array.from(bytes.flatMap((row) => Array.from(row)))
      return blockErrors(format, weights, () => 1, all).reduce((sum, error) => sum + error, 0)
    }
    const plain = errorBy('optimal')
    for (const method of ['reference', 'optimal-square', 'optimal-ggml'] as const) {
      expect(plain, method).toBeLessThanOrEqual(errorBy(method) * (1 + 1e-12))
    }
  })
})

function sampleRows(name: string, rows: number): { weights: Float32Array; rowLength: number } {
  const tensor = openModel(SAMPLE_GGUF).tensors.find((one) => one.name === name)!
  return FileBytes.with(SAMPLE_GGUF, (file) => {
    const reader = new RowReader(file, { ...tensor, littleEndian: true }, typescriptKernels)
    return { weights: reader.read(0, rows), rowLength: reader.rowLength }
  })
}
