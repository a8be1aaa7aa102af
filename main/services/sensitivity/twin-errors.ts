import type { TwinSums } from '../../workers/protocol.ts'

/** The sums of one tensor of a group. */
export interface TwinOf {
  readonly sums: TwinSums
  readonly hasImportance: boolean
}

/** Errors of a group's twins: roots of the squared relative errors, summed over its tensors. */
export interface TwinErrors {
  readonly relativeError: number
  /** Null where a tensor of the group has no importance. */
  readonly weightedRelativeError: number | null
}

export function twinErrors(twins: readonly TwinOf[]): TwinErrors {
  const relative2 = twins.reduce((total, { sums }) => total + ratio(sums.error2, sums.weight2), 0)
  const weighted2 = twins.reduce(
    (total, { sums }) => total + ratio(sums.importanceError2, sums.importanceWeight2),
    0,
  )
  const isWeighted = twins.every(({ hasImportance }) => hasImportance)
  return {
    relativeError: Math.sqrt(relative2),
    weightedRelativeError: isWeighted ? Math.sqrt(weighted2) : null,
  }
}

/** A tensor of zeros is its own twin. */
function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0
}
