import { fallbackFormat } from '../../main/engine/allocation/fallback.ts'
import { presetChoices } from '../../main/engine/allocation/presets/preset-choices.ts'
import type { Model } from '../../main/engine/formats/model.ts'
import { openModel } from '../../main/engine/formats/open-model.ts'
import { encodedBytes } from '../../main/engine/quantizers/format.ts'
import { rowLength, weightCount } from '../../main/engine/tensor/tensor.ts'
import { typeByName } from '../../main/engine/tensor/type-geometry.ts'
import { writeShapedModel } from './shaped-model.ts'
import type { ModelShape } from './shaped-model.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

export interface PresetVariant {
  readonly preset: string
  readonly hasImportance?: boolean
  readonly pure?: boolean
}

export function openShape(folder: TemporaryFolder, shape: ModelShape): Model {
  return openModel(writeShapedModel(folder.path, shape))
}

/** What a preset asks for, by tensor name. */
export function requested(model: Model, variant: PresetVariant): ReadonlyMap<string, string> {
  const choices = presetChoices(model, { hasImportance: false, method: 'reference', ...variant })
  return new Map(Object.entries(choices).map(([name, { format }]) => [name, format]))
}

/** The stored type of every tensor of the file that a preset makes, after the shape fallback. */
export function effective(model: Model, variant: PresetVariant): ReadonlyMap<string, string> {
  const formats = requested(model, variant)
  return new Map(
    model.tensors.map((tensor) => {
      const format = formats.get(tensor.name)
      return [tensor.name, format === undefined ? tensor.type : fallbackFormat(format, rowLength(tensor))]
    }),
  )
}

/** How many matrices have each type. */
export function countFormats(model: Model, formats: ReadonlyMap<string, string>): Record<string, number> {
  const matrices = model.tensors.filter(({ quantizable }) => quantizable)
  const groups = Map.groupBy(matrices, ({ name }) => formats.get(name) ?? '')
  return Object.fromEntries([...groups].map(([format, { length }]) => [format, length]))
}

/** Bytes of all tensors without header and padding. */
export function payloadBytes(model: Model, formats: ReadonlyMap<string, string>): number {
  return model.tensors.reduce((sum, tensor) => {
    const type = typeByName(formats.get(tensor.name) ?? tensor.type)
    if (!type) throw new Error(`${tensor.name} has no known type`)
    return sum + encodedBytes(type, weightCount(tensor))
  }, 0)
}
