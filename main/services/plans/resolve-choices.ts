import { QuantaloupeError } from '../../engine/errors.ts'
import { encodedBytes } from '../../engine/quantizers/format.ts'
import type { Format, Method } from '../../engine/quantizers/format.ts'
import { storedType } from '../../engine/quantizers/registry.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'
import { typeByName } from '../../engine/tensor/type-geometry.ts'
import type { PlanChoices, TensorChoice } from '../../../preload/contract.ts'
import { tensorOf } from '../library/library.ts'
import type { OpenedModel } from '../library/library.ts'
import { checkedFormat, effectiveFormat } from '../measurements/targets.ts'
import type { Replacement } from './fallback-findings.ts'

/** What will become of one tensor. */
export interface ResolvedTensor {
  readonly tensor: Tensor
  readonly requested: string
  /** Null: the stored bytes are copied. */
  readonly change: { readonly format: Format; readonly method: Method } | null
  readonly bytes: number
}

/**
 * What a set of choices means for every tensor of a model, in the model's order.
 *
 * @throws QuantaloupeError `UNKNOWN_TENSOR`, `FORMAT_UNKNOWN`, `METHOD_UNSUPPORTED`, `NOT_EXPORTABLE`,
 *   `NOT_QUANTIZABLE`, `ROW_LENGTH`
 */
export function resolveChoices(opened: OpenedModel, choices: PlanChoices): ResolvedTensor[] {
  for (const name of Object.keys(choices)) tensorOf(opened, name)
  return opened.model.tensors.map((tensor) =>
    resolveTensor(tensor, Object.hasOwn(choices, tensor.name) ? choices[tensor.name] : undefined),
  )
}

/**
 * What a choice means for one tensor; without one its stored bytes are kept.
 *
 * @throws QuantaloupeError as {@link resolveChoices}
 */
export function resolveTensor(tensor: Tensor, choice: TensorChoice | undefined): ResolvedTensor {
  const kept = (requested: string): ResolvedTensor => ({
    tensor,
    requested,
    change: null,
    bytes: tensor.bytes,
  })
  if (!choice || choice.format === tensor.type) return kept(choice?.format ?? tensor.type)
  const { method, format: requested } = choice
  const format = effectiveFormat(checkedFormat(requested, method), tensor)
  if (format.name === tensor.type) return kept(requested)
  checkChange(tensor, format)
  // The replacement for a shape may not know the method that was asked for.
  const known = format.methods[method] ? method : 'reference'
  return {
    tensor,
    requested,
    change: { format, method: known },
    bytes: encodedBytes(format, weightCount(tensor)),
  }
}

function checkChange(tensor: Tensor, format: Format): void {
  if (format.target === 'analysis') {
    throw new QuantaloupeError('NOT_EXPORTABLE', `${format.name} can be measured but no runtime loads it`, {
      place: tensor.name,
    })
  }
  if (tensor.quantizable && storedType(tensor.type)) return
  const reason = tensor.quantizable
    ? `${tensor.type} can not be decoded`
    : 'llama.cpp keeps this tensor as it is'
  throw new QuantaloupeError('NOT_QUANTIZABLE', `${tensor.name} can not be changed: ${reason}`, {
    place: tensor.name,
    remedy: 'Leave it in its stored type.',
  })
}

/** Tensors that get another format than the one asked for, because of their row length. */
export function replacements(resolved: readonly ResolvedTensor[]): Replacement[] {
  return resolved
    .map(({ tensor, requested, change }) => ({
      tensor: tensor.name,
      requested,
      effective: change?.format.name ?? tensor.type,
    }))
    .filter(({ requested, effective }) => requested !== effective)
}

/** Changed tensors whose stored bytes are quantized already. */
export function requantized(resolved: readonly ResolvedTensor[]): string[] {
  return resolved
    .filter(({ tensor, change }) => change !== null && typeByName(tensor.type)?.kind === 'quantized')
    .map(({ tensor }) => tensor.name)
}
