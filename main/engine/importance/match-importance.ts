import { rowLength } from '../tensor/tensor.ts'
import { parseTensorName } from '../tensor/tensor-name.ts'
import type { Model } from '../formats/model.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Imatrix, ImportanceEntry } from './imatrix.ts'

/** How well an importance matrix fits a model. */
export interface ImportanceCoverage {
  /** Tensors that have a vector. */
  readonly matched: number
  /** Quantizable tensors without an entry. */
  readonly missing: readonly string[]
  /** Entries whose length is not row length x experts; they are not used. */
  readonly wrongLength: readonly {
    readonly tensor: string
    readonly expected: number
    readonly found: number
  }[]
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
  const wrongLength: { tensor: string; expected: number; found: number }[] = []
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
    const { values, emptyExperts } = expertSlice(entry, expert)
    const expected = rowLength(tensor) * expertCount(tensor)
    if (values.length !== expected) {
      wrongLength.push({ tensor: tensor.name, expected, found: values.length })
      continue
    }
    vectors.set(tensor.name, values)
    if (emptyExperts.length > 0) zeroCounts.push({ tensor: tensor.name, experts: emptyExperts })
  }
  const unused = [...imatrix.entries.keys()].filter((name) => !used.has(name))
  return { vectors, coverage: { matched: vectors.size, missing, wrongLength, zeroCounts, unused } }
}

/** Slices along ne[2], which is where stacked experts lie. */
function expertCount(tensor: Tensor): number {
  return tensor.shape.slice(2).reduce((product, size) => product * size, 1)
}

function expertSlice(entry: ImportanceEntry, expert: number | null): Omit<ImportanceEntry, 'experts'> {
  if (expert === null || entry.experts === 1 || expert >= entry.experts) return entry
  const columns = entry.values.length / entry.experts
  return {
    values: entry.values.subarray(expert * columns, (expert + 1) * columns),
    emptyExperts: entry.emptyExperts.includes(expert) ? [0] : [],
  }
}
