import { describe, expect, it } from 'vitest'
import { storedType } from '../../../main/engine/quantizers/registry.ts'

function decode(name: string, bytes: readonly number[], count: number): number[] {
  const out = new Float32Array(count)
  storedType(name)!.dequantize(Uint8Array.from(bytes), out)
  return [...out]
}

describe('decoders of source types', () => {
  it('decode F64 little endian and round it to f32', () => {
    const bytes = new Uint8Array(new Float64Array([1.5, -0.1, 1e300, 5e-324]).buffer)
    expect(decode('F64', [...bytes], 4)).toEqual([1.5, Math.fround(-0.1), Infinity, 0])
  })

  it('decode F64 at an odd place in a buffer', () => {
    const bytes = new Uint8Array(9)
    new DataView(bytes.buffer).setFloat64(1, 2.25, true)
    const out = new Float32Array(1)
    storedType('F64')!.dequantize(bytes.subarray(1), out)
    expect(out[0]).toBe(2.25)
  })

  it('decode F8_E4M3 with its largest 448, smallest 2^-9 and NaN instead of infinity', () => {
    const values = decode('F8_E4M3', [0x00, 0x80, 0x01, 0x08, 0x38, 0xb8, 0x7e, 0x7f, 0xff], 9)
    expect(values).toEqual([0, -0, 2 ** -9, 2 ** -6, 1, -1, 448, NaN, NaN])
  })

  it('decode F8_E5M2 with its largest 57344, smallest 2^-16 and infinity', () => {
    const values = decode('F8_E5M2', [0x00, 0x01, 0x04, 0x3c, 0xbc, 0x7b, 0x7c, 0xfc, 0x7e], 9)
    expect(values).toEqual([0, 2 ** -16, 2 ** -14, 1, -1, 57344, Infinity, -Infinity, NaN])
  })
})
