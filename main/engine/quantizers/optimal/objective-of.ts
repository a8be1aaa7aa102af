import type { QuantizeRow } from '../format.ts'
import { type ErrorWeights, plainErrorWeights } from './objectives.ts'

const OBJECTIVES = new WeakMap<QuantizeRow, ErrorWeights>()

/** Remembers what a method minimises, for those who show it. */
export function withObjective(method: QuantizeRow, objective: ErrorWeights): QuantizeRow {
  OBJECTIVES.set(method, objective)
  return method
}

/** What a method minimises; the plain error where it does not say. */
export function objectiveOf(method: QuantizeRow | undefined): ErrorWeights {
  return (method && OBJECTIVES.get(method)) ?? plainErrorWeights
}
