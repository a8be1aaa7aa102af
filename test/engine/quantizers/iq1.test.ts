import { describe, expect, it } from 'vitest'
import { encodedBytes, type Format } from '../../../main/engine/quantizers/format.ts'
import { IQ1_M } from '../../../main/engine/quantizers/iq1-m.ts'
import { IQ1_S } from '../../../main/engine/quantizers/iq1-s.ts'
import { findOverflow } from '../../../main/engine/quantizers/overflow.ts'
import { randomRow } from '../../support/random-rows.ts'

const LENGTH = 512

function encode(format: Format, weights: Float32Array, importance: Float32Array | null): Uint8Array {
  const out = new Uint8Array(encodedBytes(format, weights.length))
  format.methods.reference!(weights, importance, out)
  return out
}

describe('IQ1_S', () => {
  it('is not made without importance', () => {
    const make = () => encode(IQ1_S, new Float32Array(LENGTH), null)
    expect(make).toThrow(expect.objectContaining({ code: 'IMPORTANCE_NEEDED' }))
  })
})

describe.each([IQ1_S, IQ1_M])('$name', (format) => {
  const even = new Float32Array(LENGTH).fill(1)

  it('reports no overflow of ordinary weights, whatever bits lie beside the scale', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      expect(findOverflow(format, encode(format, randomRow('gauss', LENGTH, seed), even))).toBe(-1)
    }
  })

  it('reports the block whose scale is too large for f16', () => {
    const weights = randomRow('gauss', LENGTH, 1).map((weight, i) => (i < 256 ? weight : 1e8 * weight))
    expect(findOverflow(format, encode(format, weights, even))).toBe(format.blockBytes)
  })

  it('reports weights whose sums overflow, on which ggml ends the process', () => {
    const weights = new Float32Array(LENGTH).fill(1e30)
    expect(findOverflow(format, encode(format, weights, even))).toBe(0)
  })
})
