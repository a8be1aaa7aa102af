import { describe, expect, it } from 'vitest'
import { FORMATS } from '../../../main/engine/quantizers/registry.ts'
import { describeDifferential } from '../../support/differential.ts'
import { loadGgml } from '../../support/ggml.ts'
import { randomRow } from '../../support/random-rows.ts'

/** ggml has no quantizer for F32: its bytes are copied. Those of family `i` have a file of their own. */
describeDifferential(FORMATS.filter(({ name, family }) => name !== 'F32' && family !== 'i'))

const ggml = loadGgml()

describe.skipIf(!ggml)('the comparison', () => {
  it('notices a single wrong byte', () => {
    const weights = randomRow('gauss', 256, 1)
    const bytes = ggml!.quantize(12, weights, 256, null, 144)
    const values = ggml!.dequantize('Q4_K', bytes, 256)
    bytes[20] = bytes[20]! ^ 1
    expect(ggml!.dequantize('Q4_K', bytes, 256)).not.toEqual(values)
  })
})
