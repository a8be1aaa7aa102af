import type { ModelTraits } from './model-traits.ts'

/** What a rule may ask about one tensor. */
export interface Place extends ModelTraits {
  /** Place among the tensors of its role, from 0; in models with experts the layer, for feed-forward tensors. */
  readonly index: number
  /** How many there are. */
  readonly count: number
  readonly hasImportance: boolean
}

/** A format, or what decides on one; undefined leaves the tensor to the base format. */
export type Rule = string | ((place: Place) => string | undefined)

/** Rules by the name of the preset; presets that are not named keep their base format. */
export type RuleTable = Readonly<Record<string, Rule>>

export function applyRule(table: RuleTable, preset: string, place: Place): string | undefined {
  const rule = Object.hasOwn(table, preset) ? table[preset] : undefined
  return typeof rule === 'function' ? rule(place) : rule
}

/** The same rule for several presets. */
export function forEach(presets: readonly string[], rule: Rule): RuleTable {
  return Object.fromEntries(presets.map((preset) => [preset, rule]))
}

/** First and last eighth and every third between them: where llama.cpp spends more bits (use_more_bits). */
export function isFavoured({ index, count }: Pick<Place, 'index' | 'count'>): boolean {
  const eighth = Math.floor(count / 8)
  return index < eighth || index >= Math.floor((7 * count) / 8) || (index - eighth) % 3 === 2
}

export function inFirst(parts: number, { index, count }: Pick<Place, 'index' | 'count'>): boolean {
  return index < Math.floor(count / parts)
}

/** Several query heads share one value head, whose matrix is small then. */
export function sharesValues({ headsPerGroup }: Pick<Place, 'headsPerGroup'>): boolean {
  return headsPerGroup >= 4
}

export function isFalcon({ architecture }: Pick<Place, 'architecture'>): boolean {
  return architecture === 'falcon'
}

/** Exactly eight: the rules for Mixtral. */
export function hasEightExperts({ experts }: Pick<Place, 'experts'>): boolean {
  return experts === 8
}
