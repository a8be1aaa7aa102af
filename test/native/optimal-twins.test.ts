import { describe, expect, it } from 'vitest'
import { nativeKernels, typescriptKernels } from '../../main/engine/kernels/kernels.ts'
import { encodedBytes, type Format, METHODS, type Method } from '../../main/engine/quantizers/format.ts'
import { FORMATS } from '../../main/engine/quantizers/registry.ts'
import { describeAddon } from '../support/native-addon.ts'
import { randomImportance, randomRows, ROW_KINDS, type RowKind } from '../support/random-rows.ts'

const KINDS = Object.keys(ROW_KINDS) as RowKind[]
/** Going through everything takes its time, and most of it where scales overflow; `optimal` meets every kind. */
function kindsFor(method: Method): readonly RowKind[] {
  if (method === 'exhaustive') return ['gauss', 'constant', 'blocks of zeros']
  return method === 'optimal' ? KINDS : KINDS.filter((_, place) => place % 3 === 0)
}

const IMPORTANCES = [null, 'lognormal', 'scattered zeros', 'a block of zeros', 'one column only'] as const

/** Three rows: batches of blocks that end inside a row, and one that is not full. */
const ROWS = 3
const LENGTH = 768

function bytesOf(
  kernels: typeof typescriptKernels,
  format: Format,
  method: Method,
  rows: Float32Array,
  importance: Float32Array | null,
) {
  const out = new Uint8Array(encodedBytes(format, rows.length))
  kernels.quantizeRows(format, method, rows, LENGTH, importance, out)
  return out
}

describeAddon('the searches of the native twin', (addon) => {
  const searched = FORMATS.filter((format) => format.methods.optimal)

  describe.each(searched.map((format) => [format.name, format] as const))('%s', (name, format) => {
    const methods = METHODS.filter((method) => method !== 'reference' && format.methods[method])
    const importances = IMPORTANCES.filter((kind) => kind !== null || !format.needsImportance)

    it('have every method that TypeScript has', () => {
      const kernel = addon.formats.find((one) => one.name === name)!
      expect(kernel.methods).toEqual(['reference', ...methods])
    })

    it.each(methods)('give the bytes of TypeScript by %s', (method) => {
      for (const kind of kindsFor(method)) {
        for (const importanceKind of importances) {
          const rows = randomRows(kind, ROWS, LENGTH, 11)
          const importance = importanceKind === null ? null : randomImportance(importanceKind, LENGTH, 5)
          const expected = bytesOf(typescriptKernels, format, method, rows, importance)
          for (const target of addon.targets) {
            const found = bytesOf(nativeKernels(target)!, format, method, rows, importance)
            expect(found, `${target}, ${kind}, ${importanceKind}`).toEqual(expected)
          }
        }
      }
    })
  })
})
