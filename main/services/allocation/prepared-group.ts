import { QuantaloupeError } from '../../engine/errors.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { AllocationRequest } from '../../../preload/contract.ts'
import { importanceNeeded, lacksImportance } from '../measurements/importance-checks.ts'
import type { CandidatePool } from './candidate-pool.ts'
import { KEPT, meetsMinimums } from './candidates.ts'
import type { Candidate } from './candidates.ts'
import type { Decision, Decisions } from './decisions.ts'
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
export function prepareGroups(
  pool: CandidatePool,
  request: AllocationRequest,
  decisions: Decisions,
): PreparedGroup[] {
  const groups = tensorGroups(pool.source.opened, request.groups)
  const prepared = groups.map((group) => prepareGroup(group, decisions.of(group), pool, request))
  checkPool(prepared, pool)
  return prepared
}

function prepareGroup(
  group: readonly Tensor[],
  decision: Decision | null,
  pool: CandidatePool,
  request: AllocationRequest,
): PreparedGroup {
  const { kept, all } = pool.of(group)
  const allowed = decision
    ? [decided(group, decision, pool, kept)]
    : all.filter((candidate) => meetsMinimums(candidate, request.minimums))
  if (allowed.length === 0) throw noCandidate(group, request)
  const offered = allowed.filter(isWeighed)
  const isBlocked = offered.every(isKept) && !allowed.every(isKept)
  return { tensors: group, decision, candidates: all, allowed, offered, isBlocked }
}

function isWeighed(candidate: Candidate): candidate is WeighedCandidate {
  return candidate.damage !== null
}

const isKept = ({ outcome }: Candidate): boolean => outcome === KEPT

/** The one candidate that a pin or an exclusion leaves. */
function decided(
  group: readonly Tensor[],
  { choice }: Decision,
  pool: CandidatePool,
  kept: Candidate,
): Candidate {
  if (!choice) return kept
  const candidate = pool.chosen(group, choice)
  const { statistics } = pool.source.loaded
  for (const { tensor, change } of candidate.members) {
    if (change && lacksImportance(tensor, change.format, statistics)) {
      throw importanceNeeded(tensor.name, change.format.name)
    }
  }
  return candidate
}

/** A pool of formats that all need importance, where no tensor has any. */
function checkPool(groups: readonly PreparedGroup[], { formats, source }: CandidatePool): void {
  const free = groups.find(({ decision }) => decision === null)
  const [tensor] = free?.tensors ?? []
  const [format] = formats
  if (!tensor || !format || source.loaded.statistics.importance.size > 0) return
  if (formats.every(({ needsImportance }) => needsImportance))
    throw importanceNeeded(tensor.name, format.name)
}

function noCandidate(group: readonly Tensor[], { target }: AllocationRequest): QuantaloupeError {
  const [first] = group
  return new QuantaloupeError(
    'NO_CANDIDATE',
    `Nothing is left to choose for ${first?.name}: no format of the pool is allowed, and ${target} does not load ${first?.type}`,
    {
      place: group.map(({ name }) => name).join(', '),
      remedy: 'Add formats to the pool, or lower its minimum.',
    },
  )
}
