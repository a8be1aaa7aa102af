import type { Tensor } from '../../preload/contract.ts'
import { bytes, count, exact, significant } from '../charts/numbers.ts'
import type { Fact } from './fact.ts'

export function weightsOf(tensor: Pick<Tensor, 'shape'>): number {
  return tensor.shape.reduce((product, size) => product * size, 1)
}

/** `288 × 768`: row length first, as ggml counts. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join(' × ')
}

export function tensorFacts(tensor: Tensor): readonly Fact[] {
  const weights = weightsOf(tensor)
  return [
    { label: 'Shape', value: shapeText(tensor.shape), title: 'Row length first' },
    { label: 'Weights', value: count(weights), title: exact(weights) },
    {
      label: 'Type',
      value: `${tensor.type} · ${significant((tensor.bytes * 8) / Math.max(1, weights))} bpw`,
    },
    { label: 'Bytes', value: bytes(tensor.bytes), title: `${exact(tensor.bytes)} bytes` },
    { label: 'Layer', value: tensor.layer === null ? 'none' : String(tensor.layer) },
    { label: 'Role', value: tensor.role },
    { label: 'Quantizable', value: tensor.quantizable ? 'yes' : 'no, kept as it is' },
  ]
}

/** `3.2 MiB in all` of several tensors. */
export function selectionFacts(tensors: readonly Tensor[]): string {
  const total = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0)
  return `${exact(tensors.length)} tensors, ${bytes(total)} in all`
}
