import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeKernels, typescriptKernels, type Kernels } from '../../main/engine/kernels/kernels.ts'
import { SUM } from '../../main/engine/metrics/accumulate.ts'
import { columnBandStarts } from '../../main/engine/metrics/row-bands.ts'
import { encodedBytes, type Format } from '../../main/engine/quantizers/format.ts'
import { formatByName } from '../../main/engine/quantizers/registry.ts'
import { describeAddon } from '../support/native-addon.ts'
import { randomImportance, randomRows, seededNormal, type RowKind } from '../support/random-rows.ts'

interface Measured {
  readonly kind: RowKind
  readonly rows: number
  readonly length: number
  readonly withImportance: boolean
  readonly skipped: readonly number[]
}

function sumsOf(kernels: Kernels, format: Format, given: Measured) {
  const { kind, rows, length, withImportance } = given
  const weights = randomRows(kind, rows, length, length)
  const skipped = Uint32Array.from(given.skipped, (place) => place % weights.length)
  for (const place of skipped) weights[place] = 0
  const bandStarts = columnBandStarts(length)
  const sums = new Float64Array(SUM.columnError2 + bandStarts.length - 1)
  const quants = new Float32Array(weights.length)
  const bytes = new Uint8Array(encodedBytes(format, weights.length))
  const importance = withImportance ? randomImportance('lognormal', length, 5) : null
  const measured = { weights, rowLength: length, importance, bandStarts, bytes, quants, skipped }
  kernels.measureRows(format, 'reference', measured, sums)
  return { sums, quants, bytes }
}

describeAddon('the native twin', (addon) => {
  const quantized = addon.formats
    .filter(({ methods }) => methods.length > 0)
    .map(({ name }) => formatByName(name)!)
  const short = quantized.filter(({ blockSize }) => blockSize <= 32)

  describe.each(addon.targets)('%s', (target) => {
    const native = nativeKernels(target)!

    it('is called by its instruction set', () => {
      expect(native.name).toBe(`native ${target}`)
    })

    it.each(quantized.map(({ name }) => name))('gives the same sums of %s as TypeScript', (name) => {
      const format = formatByName(name)!
      for (const kind of [
        'heavy',
        'zeros',
        'one outlier in the row',
        'squares overflow',
        'denormals',
      ] as const) {
        for (const withImportance of format.needsImportance ? [true] : [false, true]) {
          const given = { kind, rows: 3, length: 1280, withImportance, skipped: [1, 700, 2559] }
          expect(sumsOf(native, format, given)).toEqual(sumsOf(typescriptKernels, format, given))
        }
      }
    })

    it.runIf(short.length > 0)('gives the same sums for rows of any length', () => {
      const format = short[0]!
      const given = fc.record({
        kind: fc.constantFrom<RowKind>('gauss', 'any bits', 'scale overflows f16'),
        rows: fc.integer({ min: 1, max: 5 }),
        length: fc.integer({ min: 1, max: 90 }).map((blocks) => blocks * format.blockSize),
        withImportance: fc.boolean(),
        skipped: fc.array(fc.nat(), { maxLength: 4 }),
      })
      fc.assert(
        fc.property(given, (measured) => {
          expect(sumsOf(native, format, measured)).toEqual(sumsOf(typescriptKernels, format, measured))
        }),
        { numRuns: 60 },
      )
    })

    it('finds the first value that is not finite', () => {
      for (let length = 1; length < 150; length += 1) {
        const values = new Float32Array(length).fill(3e38)
        expect(native.findNonFinite(values)).toBe(-1)
        values[length - 1] = NaN
        expect(native.findNonFinite(values)).toBe(length - 1)
        values[length >> 1] = -Infinity
        expect(native.findNonFinite(values)).toBe(length >> 1)
      }
      expect(native.findNonFinite(new Float32Array(0))).toBe(-1)
    })

    it('gives the same quadratic forms', () => {
      for (const n of [1, 2, 7, 8, 9, 16, 33, 64, 100]) {
        const normal = seededNormal(n)
        const S = Float64Array.from({ length: n * n }, normal)
        for (const count of [0, 1, 2, 4, 5, 8, 11]) {
          const rows = Float64Array.from({ length: n * count }, normal)
          const [forms, expected] = [new Float64Array(count), new Float64Array(count)]
          native.quadraticForms(rows, n, S, forms)
          typescriptKernels.quadraticForms(rows, n, S, expected)
          expect(forms).toEqual(expected)
        }
      }
    })
  })
})
