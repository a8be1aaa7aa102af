/**
 * Float types that occur in model files but are no target: decoders only.
 *
 *     F64      [ f64, little endian ]
 *     F8_E4M3  [ s eeee mmm ]   bias 7, no infinity, NaN = 0x7f and 0xff, largest 448
 *     F8_E5M2  [ s eeeee mm ]   bias 15, infinity and NaN as in IEEE
 *
 * @see Open Compute Project, 8-bit Floating Point Specification (OFP8): the "fn" variant of E4M3
 */
import { halfToFloat } from '../tensor/half.ts'
import { typeByName } from '../tensor/type-geometry.ts'
import type { StoredType } from './format.ts'

function buildE4M3Table(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) => {
    const sign = code & 0x80 ? -1 : 1
    const exponent = (code >>> 3) & 15
    const fraction = code & 7
    if ((code & 0x7f) === 0x7f) return NaN
    return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (8 + fraction) * 2 ** (exponent - 10)
  })
}

/** E5M2 is the upper byte of an f16. */
function buildE5M2Table(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) => halfToFloat(code << 8))
}

function sourceType(name: string): Pick<StoredType, 'name' | 'blockSize' | 'blockBytes'> {
  const type = typeByName(name)
  if (!type) throw new Error(`${name} is not a known type`)
  return { name, blockSize: type.blockSize, blockBytes: type.blockBytes }
}

function byteType(name: string, table: Float32Array): StoredType {
  return {
    ...sourceType(name),
    words: { width: 1, offsets: [] },
    dequantize(bytes, out) {
      for (let i = 0; i < out.length; i += 1) out[i] = table[bytes[i] as number] as number
    },
  }
}

export const F64: StoredType = {
  ...sourceType('F64'),
  words: { width: 8, offsets: [0] },
  dequantize(bytes, out) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < out.length; i += 1) out[i] = view.getFloat64(8 * i, true)
  },
}

export const F8_E4M3 = byteType('F8_E4M3', buildE4M3Table())
export const F8_E5M2 = byteType('F8_E5M2', buildE5M2Table())
