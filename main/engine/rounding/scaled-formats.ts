import type { Format } from '../quantizers/format.ts'
import { DOUBLED_VALUES } from '../quantizers/e2m1.ts'
import { LEVELS } from '../quantizers/iq4-levels.ts'

/** A format whose weights are a scale times a level, in groups that share the scale. */
export interface ScaledFormat {
  /** Weights under one scale. */
  readonly groupSize: number
  /** Ascending. */
  readonly levels: readonly number[]
  /** Bytes of a block that hold codes and nothing else: from, up to. */
  readonly codeBytes: readonly [from: number, to: number]
  /** The level of a code whose bits are all set. */
  readonly fullLevel: number
}

function integers(low: number, high: number): readonly number[] {
  return Array.from({ length: high - low + 1 }, (_none, place) => low + place)
}

function ascending(levels: ArrayLike<number>): readonly number[] {
  return [...new Set(Array.from(levels, (level) => level + 0))].sort((a, b) => a - b)
}

const E2M1 = ascending(DOUBLED_VALUES)
const IQ4 = ascending(LEVELS)

const SCALED_FORMATS: ReadonlyMap<string, ScaledFormat> = new Map([
  ['Q1_0', { groupSize: 128, levels: [-1, 1], codeBytes: [2, 18], fullLevel: 1 }],
  ['Q2_0', { groupSize: 64, levels: integers(-1, 2), codeBytes: [2, 18], fullLevel: 2 }],
  ['Q4_0', { groupSize: 32, levels: integers(-8, 7), codeBytes: [2, 18], fullLevel: 7 }],
  ['Q5_0', { groupSize: 32, levels: integers(-16, 15), codeBytes: [2, 22], fullLevel: 15 }],
  ['Q8_0', { groupSize: 32, levels: integers(-128, 127), codeBytes: [2, 34], fullLevel: -1 }],
  ['IQ4_NL', { groupSize: 32, levels: IQ4, codeBytes: [2, 18], fullLevel: 113 }],
  ['TQ1_0', { groupSize: 256, levels: integers(-1, 1), codeBytes: [0, 52], fullLevel: 1 }],
  ['TQ2_0', { groupSize: 256, levels: integers(-1, 1), codeBytes: [0, 64], fullLevel: 2 }],
  ['MXFP4', { groupSize: 32, levels: E2M1, codeBytes: [1, 17], fullLevel: -12 }],
  ['NVFP4', { groupSize: 16, levels: E2M1, codeBytes: [4, 36], fullLevel: -12 }],
  ['Q3_K', { groupSize: 16, levels: integers(-4, 3), codeBytes: [0, 96], fullLevel: 3 }],
  ['Q6_K', { groupSize: 16, levels: integers(-32, 31), codeBytes: [0, 192], fullLevel: 31 }],
  ['IQ4_XS', { groupSize: 32, levels: IQ4, codeBytes: [8, 136], fullLevel: 113 }],
] as const satisfies readonly (readonly [string, ScaledFormat])[])

export function scaledFormat(name: string): ScaledFormat | undefined {
  return SCALED_FORMATS.get(name)
}

/**
 * The effective scales of blocks, one per group.
 *
 * The format's own decoder tells them: it decodes the blocks with the same known level in the place of every code. A scale
 * has so few bits that its product with a level is exact in single precision, and so is the quotient here.
 *
 * @param bytes u8, whole blocks
 */
export function groupScales(format: Format, scaled: ScaledFormat, bytes: Uint8Array): Float64Array {
  const { blockBytes, blockSize } = format
  const [from, to] = scaled.codeBytes
  const full = bytes.slice()
  for (let at = 0; at < full.length; at += blockBytes) full.fill(0xff, at + from, at + to)
  const decoded = new Float32Array((full.length / blockBytes) * blockSize)
  format.dequantize(full, decoded)
  return Float64Array.from(
    { length: decoded.length / scaled.groupSize },
    (_none, group) => (decoded[group * scaled.groupSize] as number) / scaled.fullLevel,
  )
}
