import type { Model } from '../../formats/model.ts'
import { rowLength } from '../../tensor/tensor.ts'
import { fallbackFormat } from '../fallback.ts'
import { presetChoices } from './preset-choices.ts'
import { PRESETS } from './preset-list.ts'
import type { Preset } from './preset-list.ts'

/**
 * The preset that a plan is, so that a file can be called by its name; null for a mix of another kind.
 *
 * @param formats       effective format of every tensor
 * @param hasImportance the plan is made with an imatrix
 * @param guess         file type of the preset to prefer where several give the same
 */
export function presetOf(
  model: Model,
  formats: ReadonlyMap<string, string>,
  hasImportance: boolean,
  guess: number,
): Preset | null {
  const used = new Set(formats.values())
  const lengths = new Set(model.tensors.filter(({ quantizable }) => quantizable).map(rowLength))
  const isPossible = ({ base }: Preset): boolean =>
    base !== null && [...lengths].some((length) => used.has(fallbackFormat(base, length)))
  const ordered = PRESETS.toSorted((a, b) => Number(b.fileType === guess) - Number(a.fileType === guess))
  const found = ordered.find(
    (preset) => isPossible(preset) && gives(model, preset.name, formats, hasImportance),
  )
  return found ?? null
}

function gives(
  model: Model,
  preset: string,
  formats: ReadonlyMap<string, string>,
  hasImportance: boolean,
): boolean {
  const choices = presetChoices(model, { preset, method: 'reference', hasImportance })
  return model.tensors.every((tensor) => {
    const choice = choices[tensor.name]
    return !choice || fallbackFormat(choice.format, rowLength(tensor)) === formats.get(tensor.name)
  })
}
