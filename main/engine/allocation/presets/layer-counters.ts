import { blockNumber, type OutputTensor } from './output-order.ts'
import type { ModelTraits } from './model-traits.ts'
import { isLowBit } from './low-bit-rules.ts'
import { isValueLike, presetRole } from './roles.ts'
import type { PresetRole } from './roles.ts'

type Counted = 'value' | 'down' | 'gate' | 'up'

/**
 * Numbers the tensors of a role in output order, as llama.cpp does instead of reading the layer off the name.
 *
 * Only tensors that pass through the rules are numbered, so a tensor that is left out shifts those behind it.
 */
export class LayerCounters {
  readonly #next: Record<Counted, number> = { value: 0, down: 0, gate: 0, up: 0 }
  readonly #values: number
  readonly #traits: ModelTraits

  constructor(tensors: readonly OutputTensor[], traits: ModelTraits) {
    this.#values = tensors.filter(({ name }) => isValueLike(presetRole(name))).length
    this.#traits = traits
  }

  /** The index of a tensor that a preset is about to decide on, and how many there are. */
  take(preset: string, role: PresetRole, name: string): { readonly index: number; readonly count: number } {
    const counted = countedAs(role)
    if (counted === null) return { index: 0, count: 0 }
    const index = this.#next[counted]
    this.#next[counted] += 1
    if (counted === 'value') return { index, count: this.#values }
    return { index: this.#hasLayerInName(preset) ? blockNumber(name) : index, count: this.#traits.layers }
  }

  /** Experts are not always in the order of their layers, so there the name counts; but not below three bits. */
  #hasLayerInName(preset: string): boolean {
    return this.#traits.experts > 1 && !isLowBit(preset)
  }
}

function countedAs(role: PresetRole): Counted | null {
  if (isValueLike(role)) return 'value'
  return role === 'down' || role === 'gate' || role === 'up' ? role : null
}
