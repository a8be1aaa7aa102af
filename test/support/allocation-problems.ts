/** Seeded problems of the shape that models pose: tensors of a few sizes, each in every format of llama.cpp. */
import type { Option, Problem } from '../../main/engine/allocation/solver/problem.ts'
import { FORMATS } from '../../main/engine/quantizers/registry.ts'
import { seededNormal } from './random-rows.ts'

/** Rows and columns of the matrices of one layer: attention with few key heads, and a wide feed-forward part. */
function layerShapes(width: number, hidden: number): readonly (readonly [number, number])[] {
  return [
    [width, width],
    [width / 4, width],
    [width / 4, width],
    [width, width],
    [hidden, width],
    [hidden, width],
    [width, hidden],
  ]
}

function dense(layers: number, width: number, hidden: number, vocabulary: number) {
  const layer = layerShapes(width, hidden)
  return [[vocabulary, width] as const, ...Array.from({ length: layers }, () => layer).flat(), [vocabulary, width] as const] // prettier-ignore
}

/** Matrices as rows x columns. */
export const MODEL_SHAPES = {
  /** Like the sample model. */
  '44 tensors': dense(6, 256, 768, 4096),
  '296 tensors': dense(42, 4096, 14_336, 128_256),
  /** A vocabulary that outweighs the layers. */
  '296 tensors, two of them huge': dense(42, 512, 1536, 262_144),
  '1500 tensors': dense(214, 2048, 5632, 64_000),
  /** As when every expert is a tensor of its own. */
  '1500 equal tensors': Array.from({ length: 1500 }, () => [1408, 2048] as const),
} as const satisfies Readonly<Record<string, readonly (readonly [number, number])[]>>

export type ModelShape = keyof typeof MODEL_SHAPES

const POOL = FORMATS.filter((format) => format.target === 'llama.cpp' && format.name !== 'F32')

/** Formats in the pool of each tensor. */
export const POOL_SIZE = POOL.length

/**
 * Damage falls by four for each bit (theory of rate and distortion), formats differ from that by a factor of their own and
 * tensors by another, and tensors differ in sensitivity by three orders of magnitude. F16 does none.
 */
export function modelProblem(shape: ModelShape, seed: number): Problem {
  const normal = seededNormal(seed)
  const skill = POOL.map(() => Math.exp(0.3 * normal()))
  return MODEL_SHAPES[shape].map(([rows, columns]) => {
    const sensitivity = Math.exp(1.5 * normal())
    return POOL.map(({ name, blockSize, blockBytes }, format): Option => {
      const bytes = Math.ceil(((rows * columns) / blockSize) * blockBytes)
      const bits = (8 * blockBytes) / blockSize
      const noise = (skill[format] ?? 1) * Math.exp(0.15 * normal())
      return { bytes, damage: name === 'F16' ? 0 : sensitivity * noise * 4 ** -bits }
    })
  })
}
