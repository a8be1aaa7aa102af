import { applyRule, hasEightExperts, inFirst, isFalcon, isFavoured } from './rule.ts'
import type { Place, Rule, RuleTable } from './rule.ts'

const inFirstEighth =
  (format: string): Rule =>
  (place) =>
    inFirst(8, place) ? format : undefined

const firstEighthWithoutImportance: Rule = (place) =>
  !place.hasImportance && inFirst(8, place) ? 'Q5_K' : undefined

/** The guard of the old formats against outliers, which only an imatrix brings out. */
const firstEighthWithImportance =
  (format: string): Rule =>
  (place) =>
    place.hasImportance && inFirst(8, place) ? format : undefined

const DOWN: RuleTable = {
  Q2_K: 'Q3_K',
  Q2_K_S: inFirstEighth('Q4_K'),
  IQ3_XXS: (place) => (place.hasImportance ? undefined : inFirst(8, place) ? 'Q4_K' : 'Q3_K'),
  Q3_K_M: (place) => (inFirst(16, place) ? 'Q5_K' : !isFalcon(place) || isFavoured(place) ? 'Q4_K' : 'Q3_K'),
  IQ3_M: (place) => (inFirst(8, place) || (hasEightExperts(place) && isFavoured(place)) ? 'Q4_K' : undefined),
  Q3_K_L: (place) => (isFalcon(place) ? 'Q4_K' : 'Q5_K'),
  Q4_K_S: (place) => (!isFalcon(place) && inFirst(8, place) ? 'Q5_K' : undefined),
  Q4_K_M: (place) => (isFalcon(place) ? downOfFalcon(place) : isFavoured(place) ? 'Q6_K' : undefined),
  Q5_K_M: (place) => (isFavoured(place) ? 'Q6_K' : undefined),
  IQ4_NL: firstEighthWithoutImportance,
  IQ4_XS: firstEighthWithoutImportance,
  Q4_0: firstEighthWithImportance('Q4_1'),
  Q5_0: firstEighthWithImportance('Q5_1'),
}

function downOfFalcon(place: Place): string {
  return inFirst(16, place) ? 'Q6_K' : isFavoured(place) ? 'Q5_K' : 'Q4_K'
}

const GATE_AND_UP: RuleTable = {
  IQ3_XS: ({ index, count }) =>
    index >= Math.floor(count / 8) && index < Math.floor((7 * count) / 8) ? 'IQ3_XXS' : undefined,
}

export function downFormat(preset: string, base: string, place: Place): string {
  return applyRule(DOWN, preset, place) ?? base
}

export function gateOrUpFormat(preset: string, base: string, place: Place): string {
  return applyRule(GATE_AND_UP, preset, place) ?? base
}
