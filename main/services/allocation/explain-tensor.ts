import { buildFrontier } from '../../engine/allocation/solver/frontier.ts'
import type { HullPoint } from '../../engine/allocation/solver/frontier.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import { DEFAULT_ALIGNMENT } from '../../engine/formats/gguf-header.ts'
import { padTo } from '../../engine/formats/gguf-placement.ts'
import type { CandidateOption, PlanChoices, TensorExplanation } from '../../../preload/contract.ts'
import { tensorOf } from '../library/library.ts'
import { resolveChoices } from '../plans/resolve-choices.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'
import type { CandidatePool } from './candidate-pool.ts'
import { outcomeOf } from './candidates.ts'
import type { Candidate } from './candidates.ts'
import { explainChoice } from './explain-choice.ts'
import { checkMeasured } from './missing-measurements.ts'
import type { PreparedGroup, WeighedCandidate } from './prepared-group.ts'
import type { PreparedProblem } from './prepared-problem.ts'

/**
 * Why a plan gives a tensor its format: what else there is for its group, and what a byte is worth at the plan's size.
 *
 * @throws QuantaloupeError `UNKNOWN_TENSOR`, `NOT_QUANTIZABLE`, `MEASUREMENTS_MISSING`, as `resolveChoices`
 */
export function explainTensor(
  problem: PreparedProblem,
  choices: PlanChoices,
  name: string,
): TensorExplanation {
  const { opened, weighing } = problem.pool.source
  const tensor = tensorOf(opened, name)
  const group = problem.groups.find(({ tensors }) => tensors.includes(tensor))
  const sensitivity = weighing.sensitivities.get(name)
  if (!group || !sensitivity) throw neverChanged(name)
  checkMeasured(problem.groups)
  const resolved = resolveChoices(opened, choices)
  const members = new Set(group.tensors)
  const own = resolved.filter((entry) => members.has(entry.tensor))
  const options = optionsOf(group, own, problem.pool)
  const price = priceAt(problem, resolved)
  return {
    tensors: group.tensors.map((member) => member.name),
    sensitivity: sensitivity.alpha,
    sensitivityError: sensitivity.standardError,
    sensitivitySource: sensitivity.source,
    options,
    price,
    sentence: explainChoice({ options, price, decision: group.decision }),
  }
}

/** From fewest to most bytes; what was chosen by hand, outside the pool, is among them. */
function optionsOf(
  group: PreparedGroup,
  own: readonly ResolvedTensor[],
  pool: CandidatePool,
): CandidateOption[] {
  const all = [...group.candidates, ...group.allowed, ...chosenByHand(group, own, pool)].filter(isWeighed)
  const chosen = outcomeOf(own)
  // Of equal ones the first stays, which is the one of the pool.
  const distinct = [...new Map(all.toReversed().map((candidate) => [candidate.outcome, candidate])).values()]
  const ordered = distinct.toSorted((a, b) => a.paddedBytes - b.paddedBytes || b.damage - a.damage)
  const hull = hullOf(ordered)
  return ordered.map(({ format, method, paddedBytes, damage, outcome }, index) => {
    const point = hull.get(index)
    return {
      format,
      method,
      bytes: paddedBytes,
      damage,
      onHull: point !== undefined,
      chosen: outcome === chosen,
      slope: point && Number.isFinite(point.slope) ? point.slope : null,
    }
  })
}

/** The one format of all members; none where they differ, or keep what is stored. */
function chosenByHand(
  { tensors }: PreparedGroup,
  own: readonly ResolvedTensor[],
  pool: CandidatePool,
): Candidate[] {
  const { requested: format = '', change } = own[0] ?? {}
  const isShared = own.every((entry) => entry.requested === format && entry.change?.method === change?.method)
  return change && isShared ? [pool.chosen(tensors, { format, method: change.method })] : []
}

function isWeighed(candidate: Candidate): candidate is WeighedCandidate {
  return candidate.damage !== null
}

/** Points of the hull by index of the candidate. */
function hullOf(candidates: readonly WeighedCandidate[]): ReadonlyMap<number, HullPoint> {
  const frontier = buildFrontier([candidates.map(({ paddedBytes: bytes, damage }) => ({ bytes, damage }))])
  return new Map(frontier.points.map((point, index) => [frontier.choicesAt(index)[0] ?? 0, point]))
}

/** Damage that one more byte avoids, where all tensors together have the bytes that they have in the plan. */
function priceAt(problem: PreparedProblem, resolved: readonly ResolvedTensor[]): number {
  const { points } = problem.frontier('paddedBytes')
  const all = resolved.reduce((sum, { bytes }) => sum + padTo(DEFAULT_ALIGNMENT, bytes), 0)
  const own = all - problem.fixedBytes('paddedBytes')
  return points.find(({ bytes }) => bytes > own)?.slope ?? 0
}

function neverChanged(name: string): QuantaloupeError {
  return new QuantaloupeError('NOT_QUANTIZABLE', `${name} keeps its stored type in every plan`, {
    place: name,
  })
}
