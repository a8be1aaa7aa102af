import { QuantaloupeError } from '../../engine/errors.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import { importanceNeeded, lacksImportance } from '../measurements/importance-checks.ts'
import type { ActivationStatistics } from '../measurements/activation-statistics.ts'
import { chosenCandidate, keptCandidate, meetsMinimums, outcomeOf, poolCandidates } from './candidates.ts'
import type { Candidate } from './candidates.ts'
import { decisionOf } from './decisions.ts'
import type { Decision } from './decisions.ts'
import { loads } from './format-pool.ts'
import type { FormatPool } from './format-pool.ts'
import type { ProblemSource } from './prepared-problem.ts'
import { tensorGroups } from './tensor-groups.ts'

export interface WeighedCandidate extends Candidate {
  readonly damage: number
}

/** Tensors that get the same format, and what they may get. */
export interface PreparedGroup {
  readonly tensors: readonly Tensor[]
  readonly decision: Decision | null
  /** Every way to store them, decisions and minimums apart. */
  readonly candidates: readonly Candidate[]
  /** Those that the request allows. */
  readonly allowed: readonly Candidate[]
  /** Of the allowed ones, those whose damage is known. */
  readonly offered: readonly WeighedCandidate[]
  /** Something may be chosen besides the stored bytes, and none of it is measured. */
  readonly isBlocked: boolean
}

/**
 * @throws QuantaloupeError `UNKNOWN_TENSOR`, `PINS_CONFLICT`, `METHOD_UNSUPPORTED`, `IMPORTANCE_NEEDED`, `NO_CANDIDATE`
 */
export function prepareGroups(source: ProblemSource, pool: FormatPool): PreparedGroup[] {
  const { opened, request } = source
  const groups = tensorGroups(opened, request.groups).map((group) => prepareGroup(group, source, pool))
  checkPool(groups, source.loaded.statistics, pool)
  return groups
}

function prepareGroup(group: readonly Tensor[], source: ProblemSource, pool: FormatPool): PreparedGroup {
  const { request, weigh, loaded } = source
  const decision = decisionOf(group, request)
  const kept = keptCandidate(group, weigh)
  const isLoaded = group.every(({ type }) => loads(request.target, type))
  const candidates = [
    ...poolCandidates(group, pool.choices, weigh, loaded.statistics),
    ...(isLoaded ? [kept] : []),
  ]
  const allowed = decision
    ? [decided(group, decision, source, kept)]
    : candidates.filter((candidate) => meetsMinimums(candidate, request.minimums))
  if (allowed.length === 0) throw noCandidate(group, source)
  const offered = allowed.filter(isWeighed)
  const isBlocked = offered.every(isKept) && !allowed.every(isKept)
  return { tensors: group, decision, candidates, allowed, offered, isBlocked }
}

function isWeighed(candidate: Candidate): candidate is WeighedCandidate {
  return candidate.damage !== null
}

const isKept = ({ members }: Candidate): boolean => outcomeOf(members) === ''

/** The one candidate that a pin or an exclusion leaves. */
function decided(
  group: readonly Tensor[],
  { choice }: Decision,
  { weigh, loaded }: ProblemSource,
  kept: Candidate,
): Candidate {
  if (!choice) return kept
  const candidate = chosenCandidate(group, choice, weigh)
  for (const { tensor, change } of candidate.members) {
    if (change && lacksImportance(tensor, change.format, loaded.statistics)) {
      throw importanceNeeded(tensor.name, change.format.name)
    }
  }
  return candidate
}

/** A pool of formats that all need importance, where no tensor has any. */
function checkPool(
  groups: readonly PreparedGroup[],
  statistics: ActivationStatistics,
  { formats }: FormatPool,
): void {
  const free = groups.filter(({ decision }) => decision === null)
  const [first] = free[0]?.tensors ?? []
  const needing = formats.find(({ needsImportance }) => needsImportance)
  if (!first || !needing || statistics.importance.size > 0) return
  if (formats.every(({ needsImportance }) => needsImportance))
    throw importanceNeeded(first.name, needing.name)
}

function noCandidate(group: readonly Tensor[], { request }: ProblemSource): QuantaloupeError {
  const [first] = group
  return new QuantaloupeError(
    'NO_CANDIDATE',
    `Nothing is left to choose for ${first?.name}: no format of the pool is allowed, and ${request.target} does not load ${first?.type}`,
    {
      place: group.map(({ name }) => name).join(', '),
      remedy: 'Add formats to the pool, or lower its minimum.',
    },
  )
}
