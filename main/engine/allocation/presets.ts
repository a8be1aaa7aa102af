import { QuantaloupeError } from '../errors.ts'
import type { Method } from '../quantizers/format.ts'
import { FORMATS, storedType } from '../quantizers/registry.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** Names of the one-type presets: every format that llama.cpp loads. */
export const PRESETS: readonly string[] = FORMATS.filter((format) => format.target === 'llama.cpp').map(
  (format) => format.name,
)

/**
 * One format for every tensor that llama.cpp would quantize; the others keep their stored type, and so do tensors
 * whose stored type cannot be decoded.
 *
 * @returns format and method by tensor name
 * @throws QuantaloupeError `PRESET_UNKNOWN`
 */
export function presetChoices(
  preset: string,
  tensors: readonly Tensor[],
  method: Method,
): Readonly<Record<string, { readonly format: string; readonly method: Method }>> {
  if (!PRESETS.includes(preset)) {
    throw new QuantaloupeError('PRESET_UNKNOWN', `There is no preset "${preset}"`, {
      expected: `one of ${PRESETS.join(', ')}`,
    })
  }
  const chosen = tensors.filter((tensor) => tensor.quantizable && storedType(tensor.type) !== undefined)
  return Object.fromEntries(chosen.map((tensor) => [tensor.name, { format: preset, method }]))
}
