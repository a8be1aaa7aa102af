import { kvCacheBytes } from '../../engine/allocation/kv-cache.ts'
import type { Frontier } from '../../engine/allocation/solver/frontier.ts'
import type { Budget } from '../../../preload/contract.ts'
import type { Counted, PreparedProblem } from './prepared-problem.ts'

/** A budget as bytes: what counts, how much there may be, and what of it the choices do not decide. */
export interface BudgetRoom {
  readonly budget: Budget
  readonly counted: Counted
  readonly frontier: Frontier
  readonly limitBytes: number
  /** Header, unchanged tensors, KV cache: whatever the budget counts besides the choices' own bytes. */
  overheadBytes(choices: Int32Array): number
  /** Of the overhead. */
  readonly kvBytes: number
}

/**
 * - `file`: the whole file
 * - `bpw`: the bytes of all tensors, without header and padding
 * - `memory`: the tensors as they lie in the file, and the KV cache; not the header, nor what computing needs
 *
 * @throws QuantaloupeError `KV_UNKNOWN`, `MEASUREMENTS_MISSING`
 */
export function budgetRoom(problem: PreparedProblem, budget: Budget): BudgetRoom {
  const counted = budget.kind === 'bpw' ? 'bytes' : 'paddedBytes'
  const fixed = problem.fixedBytes(counted)
  const kvBytes = budget.kind === 'memory' ? kvBytesOf(problem, budget) : 0
  return {
    budget,
    counted,
    frontier: problem.frontier(counted),
    limitBytes: budget.kind === 'bpw' ? tensorBytesOf(problem, budget.bpw) : budget.bytes,
    overheadBytes: (choices) => fixed + kvBytes + (budget.kind === 'file' ? problem.headerBytes(choices) : 0),
    kvBytes,
  }
}

function kvBytesOf({ source }: PreparedProblem, budget: Budget & { readonly kind: 'memory' }): number {
  return kvCacheBytes(source.opened.model, budget.context, budget.cacheType).bytes
}

/** The most bytes that give at most so many bits per weight, for a plan's own bpw too, whatever its division rounded. */
function tensorBytesOf({ weights }: PreparedProblem, bpw: number): number {
  const bytes = (bpw * weights) / 8
  const nearest = Math.round(bytes)
  return (nearest * 8) / weights <= bpw ? nearest : Math.floor(bytes)
}
