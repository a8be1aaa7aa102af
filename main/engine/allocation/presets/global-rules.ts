import { typeByName } from '../../tensor/type-geometry.ts'
import type { ModelTraits } from './model-traits.ts'
import type { PresetRole } from './roles.ts'
import { applyRule, forEach, isFalcon } from './rule.ts'
import type { Place, RuleTable } from './rule.ts'

/** The output is kept from Q6_K only where the whole file is very small. */
const SMALLER_OUTPUT = new Set(['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ2_M', 'IQ3_XXS'])

const EMBEDDING: RuleTable = {
  ...forEach(['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS'], 'Q2_K'),
  ...forEach(['IQ2_S', 'IQ2_M', 'IQ3_XXS'], 'IQ3_S'),
  ...forEach(['TQ1_0', 'TQ2_0', 'Q2_0'], 'Q4_K'),
}

/** `output.weight`, or the embedding where it is the output too. */
export function outputFormat(
  preset: string,
  base: string,
  rowLength: number,
  traits: Pick<ModelTraits, 'architecture'>,
): string {
  if (preset === 'MXFP4_MOE' || isFalcon(traits) || rowLength % (typeByName(base)?.blockSize ?? 1) !== 0) {
    return 'Q8_0'
  }
  if (SMALLER_OUTPUT.has(preset)) return 'Q5_K'
  return base === 'Q8_0' ? base : 'Q6_K'
}

/** The embedding of tokens where the output is a tensor of its own. */
export function embeddingFormat(preset: string, base: string, place: Place): string {
  return applyRule(EMBEDDING, preset, place) ?? base
}

/** MXFP4_MOE: stacks of experts, which are the only tensors of three dimensions but in one architecture. */
export function mxfp4Format(role: PresetRole, isStack: boolean, architecture: string | null): string {
  const isFeedForward = role === 'up' || role === 'gate' || role === 'down'
  return isStack && (architecture !== 'bailingmoe3' || isFeedForward) ? 'MXFP4' : 'Q8_0'
}
