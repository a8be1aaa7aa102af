import type { Model } from '../../formats/model.ts'
import { rowLength } from '../../tensor/tensor.ts'
import { attentionOutputFormat, keyFormat, queryFormat, valueFormat } from './attention-rules.ts'
import { downFormat, gateOrUpFormat } from './feed-forward-rules.ts'
import { embeddingFormat, mxfp4Format, outputFormat } from './global-rules.ts'
import { LayerCounters } from './layer-counters.ts'
import { isLowBit, lowBitFormat } from './low-bit-rules.ts'
import { modelTraits } from './model-traits.ts'
import { outputOrder } from './output-order.ts'
import type { OutputTensor } from './output-order.ts'
import { isValueLike, presetRole } from './roles.ts'
import type { PresetRole } from './roles.ts'
import type { Place } from './rule.ts'

/** A preset with a base format. */
export interface Mix {
  readonly name: string
  readonly base: string
}

/**
 * The format that a mix asks for, by the name of every tensor that llama.cpp would quantize; what a row length does not
 * allow is replaced later.
 *
 * @param hasImportance an imatrix is given, whatever it covers
 * @see llama-quant.cpp, llama_tensor_get_type_impl
 */
export function requestedFormats(
  model: Model,
  mix: Mix,
  hasImportance: boolean,
): ReadonlyMap<string, string> {
  const tensors = outputOrder(model)
  const traits = modelTraits(model)
  const counters = new LayerCounters(tensors, traits)
  const isTied = tensors.every(({ name }) => presetRole(name) !== 'output')
  const formats = new Map<string, string>()
  for (const tensor of tensors) {
    if (!tensor.parts[0].quantizable) continue
    const role = roleIn(tensor, isTied)
    const place = { ...traits, ...counters.take(mix.name, role, tensor.name), hasImportance }
    const format = mixFormat(mix, role, tensor, place)
    for (const { name } of tensor.parts) formats.set(name, format)
  }
  return formats
}

/** An embedding that is the output too is treated as the output. */
function roleIn({ name }: OutputTensor, isTied: boolean): PresetRole {
  const role = presetRole(name)
  return isTied && role === 'embedding' ? 'output' : role
}

function mixFormat({ name, base }: Mix, role: PresetRole, tensor: OutputTensor, place: Place): string {
  if (role === 'output') return outputFormat(name, base, rowLength(tensor.parts[0]), place)
  if (name === 'MXFP4_MOE') return mxfp4Format(role, tensor.isStack, place.architecture)
  if (role === 'embedding') return embeddingFormat(name, base, place)
  if (isLowBit(name)) return lowBitFormat(name, base, role, place)
  if (isValueLike(role)) return valueFormat(name, base, place)
  if (role === 'key') return keyFormat(name, base, place)
  if (role === 'query') return queryFormat(name, base, place)
  if (role === 'attentionOutput') return attentionOutputFormat(name, base, place)
  if (role === 'down') return downFormat(name, base, place)
  if (role === 'gate' || role === 'up') return gateOrUpFormat(name, base, place)
  return base
}
