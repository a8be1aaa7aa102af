import type { PresetRole } from './roles.ts'
import { isValueLike } from './roles.ts'
import { hasEightExperts, inFirst, sharesValues } from './rule.ts'
import type { Place } from './rule.ts'

/** What the presets below three bits give to tensors that they spare: more where the preset is larger. */
interface Spared {
  readonly value: string
  readonly down: string
  readonly attentionOutput: string | undefined
}

const SMALL: Spared = { value: 'Q2_K', down: 'Q2_K', attentionOutput: undefined }
const SMALLEST: Spared = { ...SMALL, attentionOutput: 'IQ2_XXS' }
const LARGER: Spared = { value: 'IQ3_S', down: 'IQ3_S', attentionOutput: 'IQ3_S' }

const SPARED: ReadonlyMap<string, Spared> = new Map([
  ['IQ1_S', SMALLEST],
  ['IQ1_M', SMALLEST],
  ['IQ2_XXS', SMALL],
  ['IQ2_XS', SMALL],
  ['IQ2_S', LARGER],
  ['IQ2_M', LARGER],
])

/** The presets that these rules are for. */
export function isLowBit(preset: string): boolean {
  return SPARED.has(preset)
}

/** A tensor inside the layers; `place.index` counts the tensors of the role even where there are experts. */
export function lowBitFormat(preset: string, base: string, role: PresetRole, place: Place): string {
  const spared = SPARED.get(preset)
  if (!spared) return base
  if (isValueLike(role)) return sharesValues(place) || place.experts >= 4 ? 'Q4_K' : spared.value
  if (role === 'key') return hasEightExperts(place) ? 'Q4_K' : base
  if (role === 'down') return inFirst(8, place) ? spared.down : base
  if (role === 'attentionOutput') return hasEightExperts(place) ? 'Q5_K' : (spared.attentionOutput ?? base)
  return base
}
