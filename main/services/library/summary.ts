import type { Model } from '../../engine/formats/model.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import type { ModelSummary } from '../../../preload/contract.ts'

/** What the window shows of a model before any tensor. */
export function summarizeModel(id: string, model: Model, imatrix: string | null): ModelSummary {
  const { container, path, name, architecture, parameters, bytes, bpw, warnings } = model
  return {
    id,
    container,
    path,
    name,
    files: model.files.map((file) => ({ path: file.path, bytes: file.bytes })),
    architecture,
    parameters,
    bytes,
    bpw,
    tensorCount: model.tensors.length,
    layerCount: new Set(model.tensors.map((tensor) => tensor.layer).filter((layer) => layer !== null)).size,
    types: typeShares(model.tensors),
    imatrix,
    warnings,
  }
}

function typeShares(tensors: readonly Tensor[]): ModelSummary['types'] {
  const shares = new Map<string, { type: string; bytes: number; tensors: number }>()
  for (const { type, bytes } of tensors) {
    const share = shares.get(type) ?? { type, bytes: 0, tensors: 0 }
    share.bytes += bytes
    share.tensors += 1
    shares.set(type, share)
  }
  return [...shares.values()].toSorted((a, b) => b.bytes - a.bytes || a.type.localeCompare(b.type))
}
