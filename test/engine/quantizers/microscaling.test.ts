import { describe, expect, it } from 'vitest'
import { encodedBytes, type Format } from '../../../main/engine/quantizers/format.ts'
import { MXFP4, NVFP4 } from '../../../main/engine/quantizers/microscaling.ts'
import { loadGgml } from '../../support/ggml.ts'
import { seededRandom } from '../../support/random-rows.ts'
import { allKernels } from '../../support/twins.ts'

const ggml = loadGgml()
const where = ggml ? '' : ' (skipped: node-llama-cpp brings no ggml for this platform)'

/** Floats by their bits, one at the start of each block that random smaller ones fill. */
function blocksOf(largest: readonly number[], blockSize: number): Float32Array {
  const bits = Uint32Array.from(largest)
  const random = seededRandom(1)
  const values = new Float32Array(bits.buffer)
  return Float32Array.from({ length: largest.length * blockSize }, (_, i) => {
    const value = values[Math.floor(i / blockSize)]!
    return i % blockSize === 0 ? value : value * (2 * random() - 1)
  })
}

function expectGgmlBytes(format: Format, weights: Float32Array): void {
  const size = encodedBytes(format, weights.length)
  const expected = ggml!.quantize(format.id, weights, weights.length, null, size)
  for (const kernels of allKernels()) {
    const bytes = new Uint8Array(size)
    kernels.quantizeRows(format, 'reference', weights, weights.length, null, bytes)
    expect(Buffer.compare(bytes, expected)).toBe(0)
  }
}

/** All bytes as scales, all codes behind them. */
function blocksOfEveryScale(format: Format, scales: number): Uint8Array {
  return Uint8Array.from({ length: 256 * format.blockBytes }, (_, i) => {
    const inBlock = i % format.blockBytes
    return inBlock < scales ? Math.floor(i / format.blockBytes) : (37 * inBlock) & 255
  })
}

describe.skipIf(!ggml)(`scales of MXFP4 and NVFP4${where}`, () => {
  it('of MXFP4 take the next exponent just below powers of two where the rounded logarithm does', () => {
    const steps = Array.from({ length: 100 }, (_, i) => i - 96)
    const powers = Array.from({ length: 254 }, (_, i) => (i + 1) * 0x800000)
    const denormalPowers = Array.from({ length: 16 }, (_, i) => 2 ** (i + 7))
    const largest = [...denormalPowers, ...powers].flatMap((power) => steps.map((step) => power + step))
    expectGgmlBytes(MXFP4, blocksOf(largest, MXFP4.blockSize))
  })

  it('of NVFP4 round halves up, carry, and end at 448', () => {
    const halves = Array.from({ length: 26 * 16 }, (_, i) => 0x3a000000 + i * 0x80000)
    const largest = halves.flatMap((bits) => [-1, 0, 1].map((step) => bits + step))
    const sixfold = blocksOf(largest, 16).map((value) => Math.fround(6 * value))
    expectGgmlBytes(NVFP4, sixfold)
  })

  it('of NVFP4 that are far too small for the weights take the first of equally distant codes', () => {
    const powersFrom4096 = Array.from({ length: 116 }, (_, i) => 0x45800000 + i * 0x800000)
    expectGgmlBytes(NVFP4, blocksOf(powersFrom4096, 32))
  })

  it.each([
    [MXFP4, 1],
    [NVFP4, 4],
  ] as const)('of $name decode like ggml for every byte', (format, scales) => {
    const bytes = blocksOfEveryScale(format, scales)
    const expected = ggml!.dequantize(format.name, bytes, 256 * format.blockSize)
    for (const kernels of allKernels()) {
      const values = new Float32Array(expected.length)
      kernels.dequantizeRows(format, bytes, values)
      expect(Buffer.compare(Buffer.from(values.buffer), Buffer.from(expected.buffer))).toBe(0)
    }
  })
})
