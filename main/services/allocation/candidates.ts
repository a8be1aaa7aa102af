import { DEFAULT_ALIGNMENT } from '../../engine/formats/gguf-header.ts'
import { padTo } from '../../engine/formats/gguf-placement.ts'
import { bitsPerWeight } from '../../engine/quantizers/format.ts'
import type { Method } from '../../engine/quantizers/format.ts'
import { formatByName } from '../../engine/quantizers/registry.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { TensorChoice } from '../../../preload/contract.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import { lacksImportance } from '../measurements/importance-checks.ts'
import { damageOf } from '../plans/describe-plan.ts'
import { resolveTensor } from '../plans/resolve-choices.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'
import type { WeighTensor, WeighedTensor } from '../plans/weigh-tensors.ts'

/** One way to store all tensors of a group. */
export interface Candidate {
  /** As requested; of a kept group the first tensor's stored type. */
  readonly format: string
  /** Null: the stored bytes are kept. */
  readonly method: Method | null
  readonly members: readonly WeighedTensor[]
  /** By {@link outcomeOf}. */
  readonly outcome: string
  /** With the padding behind each tensor. */
  readonly paddedBytes: number
  /** Without. */
  readonly bytes: number
  /** Null while a member is not measured. */
  readonly damage: number | null
}

export function keptCandidate(group: readonly Tensor[], weigh: WeighTensor): Candidate {
  const members = group.map((tensor) => weigh(resolveTensor(tensor, undefined)))
  return candidateOf(group[0]?.type ?? '', null, members)
}

/** @throws QuantaloupeError as `resolveTensor` */
export function chosenCandidate(
  group: readonly Tensor[],
  { format, method }: TensorChoice,
  weigh: WeighTensor,
): Candidate {
  const choice = { format, method }
  return candidateOf(
    format,
    method,
    group.map((tensor) => weigh(resolveTensor(tensor, choice))),
  )
}

function candidateOf(format: string, method: Method | null, members: readonly WeighedTensor[]): Candidate {
  return {
    format,
    method,
    members,
    outcome: outcomeOf(members),
    paddedBytes: members.reduce((sum, { bytes }) => sum + padTo(DEFAULT_ALIGNMENT, bytes), 0),
    bytes: members.reduce((sum, { bytes }) => sum + bytes, 0),
    damage: damageOf(members),
  }
}

/**
 * The ways to store a group, each once: a format that the row lengths replace is dropped where the replacement is there by
 * its own name, or is what is stored anyway. Formats that need importance are for groups that have it.
 */
export function poolCandidates(
  group: readonly Tensor[],
  choices: readonly TensorChoice[],
  weigh: WeighTensor,
  statistics: ActivationStatistics,
): Candidate[] {
  const found = new Map<string, Candidate>()
  for (const choice of choices) {
    const candidate = chosenCandidate(group, choice, weigh)
    const { outcome, members } = candidate
    if (outcome === KEPT || !hasImportance(members, statistics)) continue
    if (!found.has(outcome) || isExact(candidate)) found.set(outcome, candidate)
  }
  return [...found.values()]
}

/** The outcome of members that all keep their stored bytes. */
export const KEPT = ''

/** Equal for members that end up the same. */
export function outcomeOf(members: readonly ResolvedTensor[]): string {
  if (members.every(({ change }) => change === null)) return KEPT
  return members.map(({ change }) => (change ? `${change.format.name} ${change.method}` : '=')).join()
}

function isExact({ format, members }: Candidate): boolean {
  return members.every(({ change }) => change === null || change.format.name === format)
}

function hasImportance(members: readonly ResolvedTensor[], statistics: ActivationStatistics): boolean {
  return members.every(({ tensor, change }) => !change || !lacksImportance(tensor, change.format, statistics))
}

/** Whether every member gets at least as many bits per weight as its minimum has. */
export function meetsMinimums({ members }: Candidate, minimums: Readonly<Record<string, string>>): boolean {
  return members.every(({ tensor, change }) => {
    const minimum = Object.hasOwn(minimums, tensor.name) ? formatByName(minimums[tensor.name] ?? '') : null
    return !minimum || !change || bitsPerWeight(change.format) >= bitsPerWeight(minimum)
  })
}
