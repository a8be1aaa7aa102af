import type { DamageDescription } from '../../../preload/contract.ts'
import { percent, significant } from '../../charts/numbers.ts'
import { sizeText } from './size-text.ts'

export interface BoundFigures {
  readonly fileBytes: number
  readonly damage: number
  /** No plan of these bytes can be below this. */
  readonly bound: number
  readonly unit: string
}

/** Below this share a gap is nothing but rounding. */
const NOTHING = 1e-6

/** How much more than the least possible a plan has, as a share of the least possible. */
export function excessOf({ damage, bound }: Pick<BoundFigures, 'damage' | 'bound'>): number {
  return bound > 0 ? Math.max(0, damage / bound - 1) : 0
}

/** Like `No plan within 3.902 MiB can have less than 0.00121 predicted; this one has 0.00122: at most 0.826 % more.` */
export function boundSentence(figures: BoundFigures): string {
  const { fileBytes, damage, bound, unit } = figures
  const of = unit === '' ? '' : ` ${unit}`
  const excess = excessOf(figures)
  if (damage === 0)
    return 'This plan changes no weight, so it has no damage. Move the budget to make it smaller.'
  if (damage < bound) {
    return 'This plan uses what the search may not (a rule or the formats to choose from), and has less than its best plan.'
  }
  const least = `No plan within ${sizeText(fileBytes)} can have less than ${significant(bound)}${of} predicted`
  if (excess < NOTHING) return `${least}, and this one has no more.`
  return `${least}; this one has ${significant(damage)}: at most ${percent(excess)} more.`
}

/** Unit of a damage that is written behind its number; empty where that would say nothing. */
export function damageUnit({ model, unit }: Pick<DamageDescription, 'model' | 'unit'>): string {
  return model === 'measured' ? unit : ''
}

/** How much the sensitivities behind a prediction can be trusted. */
export function damageNote({ model, measuredTensors, tensors }: DamageDescription): string {
  switch (model) {
    case 'error':
    case 'importance':
      return 'every tensor counts the same'
    case 'priors':
      return 'nothing measured in llama.cpp'
    case 'measured':
      return measuredTensors === 0
        ? 'no tensor is measured yet'
        : `${measuredTensors} of ${tensors} tensors measured in llama.cpp`
  }
}
