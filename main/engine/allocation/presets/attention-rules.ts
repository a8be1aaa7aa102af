import { applyRule, forEach, hasEightExperts, isFalcon, isFavoured, sharesValues } from './rule.ts'
import type { Place, Rule, RuleTable } from './rule.ts'

const whereFavoured: Rule = (place) => (isFavoured(place) ? 'Q6_K' : undefined)
const whereShared =
  (format: string): Rule =>
  (place) =>
    sharesValues(place) ? format : undefined

const VALUE: RuleTable = {
  Q2_K: (place) => (sharesValues(place) ? 'Q4_K' : 'Q3_K'),
  Q2_K_S: whereShared('Q4_K'),
  IQ3_XXS: (place) => (sharesValues(place) ? 'Q4_K' : place.hasImportance ? undefined : 'IQ3_S'),
  IQ3_XS: whereShared('Q4_K'),
  IQ3_S: whereShared('Q4_K'),
  IQ3_M: 'Q4_K',
  Q3_K_M: ({ index }) => (index < 2 ? 'Q5_K' : 'Q4_K'),
  Q3_K_L: 'Q5_K',
  IQ4_NL: whereShared('Q5_K'),
  IQ4_XS: whereShared('Q5_K'),
  Q4_K_S: ({ index }) => (index < 4 ? 'Q5_K' : undefined),
  Q4_K_M: whereFavoured,
  Q5_K_M: whereFavoured,
}

const KEY_AND_QUERY: RuleTable = { IQ3_XS: 'IQ3_XXS', IQ3_XXS: 'IQ2_S' }

const OUTPUT: RuleTable = { Q2_K: 'Q3_K', IQ3_XXS: 'IQ3_S', Q3_K_M: 'Q4_K', Q3_K_L: 'Q5_K', IQ3_M: 'Q4_K' }

const OUTPUT_OF_EIGHT_EXPERTS = forEach(
  'Q2_K IQ3_XS IQ3_XXS IQ3_S IQ3_M Q3_K_S Q3_K_M IQ4_NL IQ4_XS Q4_K_S Q4_K_M'.split(' '),
  'Q5_K',
)

const OUTPUT_OF_FALCON: RuleTable = { Q3_K_L: 'Q4_K' }

/** The value matrix; presets without a rule for it give it more bits in large models and with eight experts too. */
export function valueFormat(preset: string, base: string, place: Place): string {
  if (hasEightExperts(place)) return 'Q8_0'
  const format = applyRule(VALUE, preset, place) ?? base
  return place.labelled70B && (format === 'Q3_K' || format === 'Q4_K') ? 'Q5_K' : format
}

export function keyFormat(preset: string, base: string, place: Place): string {
  return hasEightExperts(place) ? 'Q8_0' : queryFormat(preset, base, place)
}

export function queryFormat(preset: string, base: string, place: Place): string {
  return applyRule(KEY_AND_QUERY, preset, place) ?? base
}

export function attentionOutputFormat(preset: string, base: string, place: Place): string {
  const table = isFalcon(place) ? OUTPUT_OF_FALCON : hasEightExperts(place) ? OUTPUT_OF_EIGHT_EXPERTS : OUTPUT
  return applyRule(table, preset, place) ?? base
}
