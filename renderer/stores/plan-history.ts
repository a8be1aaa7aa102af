import type { Budget, PlanChoices } from '../../preload/contract.ts'
import type { PlanRule } from './plan-rules.ts'

/** Everything of a plan that undo steps back to. */
export interface PlanState {
  readonly choices: PlanChoices
  /** Tensors that presets, the budget and row, role or layer changes leave alone. */
  readonly pins: ReadonlySet<string>
  /** What a search has to keep to. */
  readonly rules: readonly PlanRule[]
  /** The user's own factors on the damage, by role; 1 where absent. */
  readonly multipliers: Readonly<Record<string, number>>
  /** What the choices were searched for; null when they were made in another way. */
  readonly budget: Budget | null
}

export interface History {
  readonly past: readonly PlanState[]
  readonly present: PlanState
  readonly future: readonly PlanState[]
}

const EMPTY: PlanState = { choices: {}, pins: new Set(), rules: [], multipliers: {}, budget: null }
export const FRESH: History = { past: [], present: EMPTY, future: [] }

const MOST_STEPS = 200
const LEAST_STEPS = 20
/** Steps of large models hold a choice for each of many thousand tensors. */
const MOST_CHOICES = 1_000_000

function stepsKept(state: PlanState): number {
  const tensors = Math.max(1, Object.keys(state.choices).length)
  return Math.min(MOST_STEPS, Math.max(LEAST_STEPS, Math.floor(MOST_CHOICES / tensors)))
}

/** A new step. */
export function pushed({ past, present }: History, change: Partial<PlanState>): History {
  const next = { ...present, ...change }
  return { past: [...past, present].slice(-stepsKept(next)), present: next, future: [] }
}

/** The same step with other contents: a drag, or a search that ends after the change it belongs to. */
export function amended(history: History, change: Partial<PlanState>): History {
  return { ...history, present: { ...history.present, ...change } }
}

export function undone({ past, present, future }: History): History {
  const before = past.at(-1)
  if (!before) return { past, present, future }
  return { past: past.slice(0, -1), present: before, future: [present, ...future] }
}

export function redone({ past, present, future }: History): History {
  const [next, ...rest] = future
  return next ? { past: [...past, present], present: next, future: rest } : { past, present, future }
}
