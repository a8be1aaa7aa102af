import { describe, expect, it } from 'vitest'
import type { Format, Method } from '../../../../main/engine/quantizers/format.ts'
import { FORMATS } from '../../../../main/engine/quantizers/registry.ts'
import { randomImportance, randomRow, ROW_KINDS, type RowKind } from '../../../support/random-rows.ts'
import { blockErrors, encode } from '../../../support/weighted-error.ts'

const LENGTH = 512
const KINDS = Object.keys(ROW_KINDS) as RowKind[]
/** Going through everything takes its time, and most of it where scales overflow. */
const EXHAUSTIVE_KINDS: readonly RowKind[] = ['gauss', 'constant', 'blocks of zeros']
const IMPORTANCES = [null, 'lognormal', 'scattered zeros', 'a block of zeros', 'all zero', 'tiny'] as const
const SEARCHED = FORMATS.filter((format) => format.methods.optimal)

/** The objectives that can be told without knowing the format. */
const OBJECTIVES: Partial<Record<Method, (weight: number) => number>> = {
  optimal: () => 1,
  'optimal-square': (weight) => weight * weight,
  exhaustive: () => 1,
}

function expectNeverWorse(
  format: Format,
  method: Method,
  kind: RowKind,
  importanceKind: string | null,
): void {
  const weights = randomRow(kind, LENGTH, 31)
  const importance = importanceKind === null ? null : randomImportance(importanceKind, LENGTH, 7)
  const objective = OBJECTIVES[method]!
  const errorWeights = (i: number) => (importance?.[i] ?? 1) * objective(weights[i]!)
  const reference = blockErrors(
    format,
    weights,
    errorWeights,
    encode(format, 'reference', weights, importance),
  )
  const found = blockErrors(format, weights, errorWeights, encode(format, method, weights, importance))
  for (const [block, error] of found.entries()) {
    expect(error <= reference[block]! || Number.isNaN(reference[block]), `${kind}, block ${block}`).toBe(true)
  }
}

describe.each(SEARCHED.map((format) => [format.name, format] as const))('%s', (_name, format) => {
  const methods = (['optimal', 'optimal-square', 'exhaustive'] as const).filter(
    (name) => format.methods[name],
  )
  const importances = IMPORTANCES.filter((kind) => kind !== null || !format.needsImportance)

  it.each(methods)('%s is never worse than reference on any block', (method) => {
    const kinds = method === 'exhaustive' ? EXHAUSTIVE_KINDS : KINDS
    for (const kind of kinds) {
      for (const importance of importances) expectNeverWorse(format, method, kind, importance)
    }
  })

  it('keeps the reference where its error is 0', () => {
    const zeros = new Float32Array(LENGTH)
    const importance = format.needsImportance ? new Float32Array(LENGTH).fill(1) : null
    const reference = encode(format, 'reference', zeros, importance)
    expect(encode(format, 'optimal', zeros, importance)).toEqual(reference)
    const row = randomRow('gauss', LENGTH, 3)
    const ignored = new Float32Array(LENGTH)
    expect(encode(format, 'optimal', row, ignored)).toEqual(encode(format, 'reference', row, ignored))
  })

  it('gives finite values where the reference overflows', () => {
    const weights = randomRow('scale overflows f16', LENGTH, 5).map((weight) => weight * 1e6)
    const importance = format.needsImportance ? new Float32Array(LENGTH).fill(1) : null
    const decoded = new Float32Array(LENGTH)
    format.dequantize(encode(format, 'optimal', weights, importance), decoded)
    expect(decoded.every((value) => Number.isFinite(value))).toBe(true)
  })
})

it('is there for every format that has codes', () => {
  const without = FORMATS.filter((format) => !format.methods.optimal).map(({ name }) => name)
  expect(without).toEqual(['F32', 'F16', 'BF16'])
})
