import { rowLength } from '../tensor/tensor.ts'
import { parseTensorName } from '../tensor/tensor-name.ts'
import type { Model } from '../formats/model.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Imatrix, ImportanceEntry } from './imatrix.ts'

/** Why the importance of a tensor can not be used. */
export type UnusableImportance =
  | { readonly kind: 'length'; readonly tensor: string; readonly expected: number; readonly found: number }
  | {
      readonly kind: 'value'
      readonly tensor: string
      /** Expert slice and column of the first value that is NaN or infinite. */
      readonly row: number
      readonly column: number
      readonly value: number
    }

/** How well an importance matrix fits a model. */
export interface ImportanceCoverage {
  /** Tensors that have a vector. */
  readonly matched: number
  /** Quantizable tensors without an entry. */
  readonly missing: readonly string[]
  /** Tensors whose entry has another length than row length x experts, or values that are no numbers. */
  readonly unusable: readonly UnusableImportance[]
  /** Tensors with experts that no text reached: importance says nothing about them. */
  readonly zeroCounts: readonly { readonly tensor: string; readonly experts: readonly number[] }[]
  /** Entries that belong to no tensor. */
  readonly unused: readonly string[]
}

export interface MatchedImportance {
  /** By tensor name: f32[experts x ne0]. */
  readonly vectors: ReadonlyMap<string, Float32Array>
  readonly coverage: ImportanceCoverage
}

/**
 * Finds the importance vector of each quantizable tensor, by GGUF name whatever the container calls it. An expert stored
 * as a tensor of its own takes its slice of the stacked entry.
 */
export function matchImportance(
  model: Pick<Model, 'tensors' | 'architecture'>,
  imatrix: Imatrix,
): MatchedImportance {
  const vectors = new Map<string, Float32Array>()
  const missing: string[] = []
  const unusable: UnusableImportance[] = []
  const zeroCounts: { tensor: string; experts: readonly number[] }[] = []
  const used = new Set<string>()
  for (const tensor of model.tensors) {
    if (!tensor.quantizable) continue
    const { canonicalName, expert } = parseTensorName(tensor.name, model.architecture)
    const entry = imatrix.entries.get(canonicalName)
    if (entry === undefined) {
      missing.push(tensor.name)
      continue
    }
    used.add(canonicalName)
    const values = expertSlice(entry, expert, rowLength(tensor))
    const problem = problemOf(tensor, values)
    if (problem) {
      unusable.push(problem)
      continue
    }
    vectors.set(tensor.name, values)
    const experts = silentExperts(entry, expert, values, rowLength(tensor))
    if (experts.length > 0) zeroCounts.push({ tensor: tensor.name, experts })
  }
  const unused = [...imatrix.entries.keys()].filter((name) => !used.has(name))
  return { vectors, coverage: { matched: vectors.size, missing, unusable, zeroCounts, unused } }
}

/** Slices along ne[2], which is where stacked experts lie. */
function expertCount(tensor: Tensor): number {
  return tensor.shape.slice(2).reduce((product, size) => product * size, 1)
}

function problemOf(tensor: Tensor, values: Float32Array): UnusableImportance | null {
  const columns = rowLength(tensor)
  const expected = columns * expertCount(tensor)
  if (values.length !== expected) {
    return { kind: 'length', tensor: tensor.name, expected, found: values.length }
  }
  const index = values.findIndex((value) => !Number.isFinite(value))
  if (index < 0) return null
  const [row, column] = [Math.floor(index / columns), index % columns]
  return { kind: 'value', tensor: tensor.name, row, column, value: values[index] ?? NaN }
}

/** The values of one expert of a stack; a file in legacy form does not tell how many experts an entry has. */
function expertSlice(entry: ImportanceEntry, expert: number | null, columns: number): Float32Array {
  if (expert === null || entry.values.length <= columns) return entry.values
  const experts = entry.experts > 1 ? entry.experts : entry.values.length / columns
  if (!Number.isInteger(experts) || expert >= experts) return entry.values
  const length = entry.values.length / experts
  return entry.values.subarray(expert * length, (expert + 1) * length)
}

/** Experts without a count, and those whose values are all zero: legacy files keep one count for all experts. */
function silentExperts(
  entry: ImportanceEntry,
  expert: number | null,
  values: Float32Array,
  columns: number,
): readonly number[] {
  const isAlone = values.length !== entry.values.length
  const counted = (slice: number): number => (entry.experts === 1 ? 0 : isAlone ? (expert ?? 0) : slice)
  const isEmpty = (slice: number): boolean => entry.emptyExperts.includes(counted(slice))
  const isZero = (slice: number): boolean =>
    values.subarray(slice * columns, (slice + 1) * columns).every((value) => value === 0)
  const slices = Array.from({ length: values.length / columns }, (_, slice) => slice)
  return slices.filter((slice) => isEmpty(slice) || isZero(slice))
}
