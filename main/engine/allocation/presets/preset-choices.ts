import { QuantaloupeError } from '../../errors.ts'
import type { Model } from '../../formats/model.ts'
import type { Method } from '../../quantizers/format.ts'
import { formatByName, storedType } from '../../quantizers/registry.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { presetByName, PRESETS } from './preset-list.ts'
import type { Preset } from './preset-list.ts'
import { requestedFormats } from './requested-formats.ts'

export interface PresetRequest {
  /** Name or alias. */
  readonly preset: string
  readonly method: Method
  /** An imatrix is given: some presets spend their bits differently then. */
  readonly hasImportance: boolean
  /** The base format for every tensor, as `llama-quantize --pure`. */
  readonly pure?: boolean | undefined
}

type Choices = Readonly<Record<string, { readonly format: string; readonly method: Method }>>

/**
 * What a preset of llama.cpp asks for, for every tensor that llama.cpp would quantize and that can be decoded; the others
 * keep their stored type. A row length may not allow a format: what replaces it is decided later (`fallback.ts`).
 *
 * Formats that lack the method are made with `reference`, unless the base format lacks it too.
 *
 * @returns format and method by tensor name
 * @throws QuantaloupeError `PRESET_UNKNOWN`, `FILE_CHANGED`
 */
export function presetChoices(model: Model, request: PresetRequest): Choices {
  const { base, ...preset } = knownPreset(request.preset)
  if (base === null) return {}
  const tensors = model.tensors.filter(
    (tensor) => tensor.quantizable && storedType(tensor.type) !== undefined,
  )
  const formatOf = formatsOf(model, { ...preset, base }, request)
  const isKnownToBase = formatByName(base)?.methods[request.method] !== undefined
  const methodOf = (format: string): Method =>
    isKnownToBase && !formatByName(format)?.methods[request.method] ? 'reference' : request.method
  return Object.fromEntries(
    tensors.map((tensor) => {
      const format = formatOf(tensor)
      return [tensor.name, { format, method: methodOf(format) }]
    }),
  )
}

/** Presets of unquantized formats have no rules, and neither has a pure one. */
function formatsOf(
  model: Model,
  preset: Preset & { readonly base: string },
  { hasImportance, pure }: PresetRequest,
): (tensor: Tensor) => string {
  const { base } = preset
  if (pure || formatByName(base)?.family === 'float') return () => base
  const formats = requestedFormats(model, preset, hasImportance)
  return ({ name }) => formats.get(name) ?? base
}

function knownPreset(name: string): Preset {
  const preset = presetByName(name)
  if (preset) return preset
  throw new QuantaloupeError('PRESET_UNKNOWN', `There is no preset "${name}"`, {
    expected: `one of ${PRESETS.flatMap(({ name: known, aliases }) => [known, ...aliases]).join(', ')}`,
  })
}
