import { buildFrontier } from '../../engine/allocation/solver/frontier.ts'
import type { HullPoint } from '../../engine/allocation/solver/frontier.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import { DEFAULT_ALIGNMENT } from '../../engine/formats/gguf-header.ts'
import { padTo } from '../../engine/formats/gguf-placement.ts'
import type { CandidateOption, PlanChoices, TensorExplanation } from '../../../preload/contract.ts'
import { tensorOf } from '../library/library.ts'
import { resolveChoices } from '../plans/resolve-choices.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'
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
  const resolved = new Map(resolveChoices(opened, choices).map((entry) => [entry.tensor.name, entry]))
  const members = group.tensors.flatMap((member) => resolved.get(member.name) ?? [])
  const options = optionsOf(group, members)
  const price = priceAt(problem, [...resolved.values()])
  return {
    tensors: group.tensors.map((member) => member.name),
    sensitivity: sensitivity.alpha,
    sensitivityError: sensitivity.standardError,
    sensitivitySource: sensitivity.source,
    options,
    price,
    sentence: explainChoice({ options, price, group, minimums: problem.request.minimums }),
  }
}

/** From fewest to most bytes. */
function optionsOf(group: PreparedGroup, members: readonly ResolvedTensor[]): CandidateOption[] {
  const weighed = [...group.candidates, ...group.allowed].filter(isWeighed)
  const distinct = [...new Map(weighed.map((candidate) => [candidate.outcome, candidate])).values()]
  const ordered = distinct.toSorted((a, b) => a.paddedBytes - b.paddedBytes || b.damage - a.damage)
  const hull = hullOf(ordered)
  const chosen = outcomeOf(members)
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
