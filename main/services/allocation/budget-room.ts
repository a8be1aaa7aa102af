import { kvCacheBytes } from '../../engine/allocation/kv-cache.ts'
import type { Frontier } from '../../engine/allocation/solver/frontier.ts'
import type { Budget } from '../../../preload/contract.ts'
import type { Counted, FrontierHeaders, PreparedProblem } from './prepared-problem.ts'

/** A budget as bytes: what counts, how much there may be, and what of it the choices do not decide. */
export interface BudgetRoom {
  readonly budget: Budget
  readonly counted: Counted
  readonly frontier: Frontier
  readonly limitBytes: number
  /** Header, unchanged tensors, KV cache: whatever the budget counts besides the choices' own bytes. */
  overheadBytes(choices: Int32Array): number
  /** Of all choices but those that copy every tensor. */
  readonly leastOverhead: number
  /** Of the overhead. */
  readonly kvBytes: number
  /** What the smallest and the largest choices of the frontier need. */
  readonly leastBytes: number
  readonly mostBytes: number
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
  const frontier = problem.frontier(counted)
  const headers = budget.kind === 'file' ? problem.headers : NO_HEADERS
  return {
    budget,
    counted,
    frontier,
    limitBytes: budget.kind === 'bpw' ? tensorBytesOf(problem, budget.bpw) : budget.bytes,
    overheadBytes: (choices) => fixed + kvBytes + (budget.kind === 'file' ? problem.headerBytes(choices) : 0),
    leastOverhead: fixed + kvBytes + headers.least,
    kvBytes,
    leastBytes: fixed + kvBytes + headers.ofSmallest + frontier.smallestBytes,
    mostBytes: fixed + kvBytes + headers.ofLargest + frontier.largestBytes,
  }
}

const NO_HEADERS: FrontierHeaders = { ofSmallest: 0, ofLargest: 0, least: 0 }

function kvBytesOf({ pool }: PreparedProblem, budget: Budget & { readonly kind: 'memory' }): number {
  return kvCacheBytes(pool.source.opened.model, budget.context, budget.cacheType).bytes
}

/** The most bytes that give at most so many bits per weight, for a plan's own bpw too, whatever its division rounded. */
function tensorBytesOf({ weights }: PreparedProblem, bpw: number): number {
  const bytes = (bpw * weights) / 8
  const nearest = Math.round(bytes)
  return (nearest * 8) / weights <= bpw ? nearest : Math.floor(bytes)
}
