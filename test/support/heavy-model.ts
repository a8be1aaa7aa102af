import { writeFileSync } from 'node:fs'
import { buildGguf } from './gguf-builder.ts'

const F16 = 1
const SHAPE = [1024, 1024]

/** Halves between 0.5 and 1 of changing sign, in an order of their own for every seed. */
function weights(seed: number): Uint8Array {
  const halves = new Uint16Array(SHAPE.reduce((product, size) => product * size))
  let state = seed * 2_654_435_761
  for (let index = 0; index < halves.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    halves[index] = ((state >>> 31) << 15) | 0x3800 | ((state >>> 16) & 1023)
  }
  return new Uint8Array(halves.buffer)
}

/**
 * A model that takes seconds to measure, so that a test can stop in the middle: one matrix of a million weights a layer.
 *
 * @param layers 2 MiB each
 */
export function writeHeavyModel(path: string, layers: number): void {
  const tensors = Array.from({ length: layers }, (_none, layer) => ({
    name: `blk.${layer}.ffn_up.weight`,
    shape: SHAPE,
    typeId: F16,
    data: weights(layer + 1),
  }))
  const metadata = [
    ['general.architecture', 'string', 'llama'],
    ['general.name', 'string', 'heavy'],
    ['llama.block_count', 'u32', layers],
  ] as const
  writeFileSync(path, buildGguf({ metadata, tensors }))
}
