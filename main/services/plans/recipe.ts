import { basename } from 'node:path'
import { outputOrder } from '../../engine/allocation/presets/output-order.ts'
import {
  isRefusedWithoutImatrix,
  presetFor,
  quantizeCommand,
} from '../../engine/allocation/recipe/quantize-command.ts'
import { writeRecipe } from '../../engine/allocation/recipe/write-recipe.ts'
import type { Finding, Model } from '../../engine/formats/model.ts'
import type { Method, PlanChoices, QuantizeRecipe } from '../../../preload/contract.ts'
import { writeAtomically } from '../files/write-atomically.ts'
import type { OpenedModel } from '../library/library.ts'
import { shorten } from '../measurements/importance-findings.ts'
import { parseRecipe } from './parse-recipe.ts'
import { requantized } from './resolve-choices.ts'
import type { ResolvedTensor } from './resolve-choices.ts'

/** Where the copied command expects what it needs, from the folder it is started in. */
const RECIPE_FILE = 'recipe.txt'
const IMATRIX_FILE = 'imatrix.gguf'

/** A tensor of the file that llama-quantize reads, with its share of the plan. */
interface Planned {
  readonly name: string
  readonly format: string
  readonly bytes: number
}

/**
 * What llama-quantize needs to make the same plan: the recipe, and the command for two shells.
 *
 * @param resolved every tensor of the model
 * @param imatrix  path of the importance matrix that the plan is made with
 */
export function quantizeRecipe(
  { model }: OpenedModel,
  resolved: readonly ResolvedTensor[],
  imatrix?: string,
): QuantizeRecipe {
  const planned = plannedTensors(model, resolved)
  const { text, findings } = writeRecipe(planned)
  const preset = presetFor(planned)
  const refused = planned.filter(({ name, format }) => isRefusedWithoutImatrix(name, format))
  const command = quantizeCommand({
    source: sourcePath(model),
    output: `${sourceStem(model)}-${preset}.gguf`,
    recipe: RECIPE_FILE,
    imatrix: imatrix ?? (refused.length > 0 ? IMATRIX_FILE : null),
    requantizes: requantized(resolved).length > 0,
    preset,
  })
  const lacking = imatrix === undefined ? tellImatrix(refused) : []
  const told = [...lacking, ...tellConversion(model), ...tellMethods(resolved)]
  return { text, ...command, findings: [...findings, ...told] }
}

/** Writes the text of {@link quantizeRecipe}. @throws QuantaloupeError `FILE_NOT_WRITABLE`, `DISK_FULL` */
export function saveRecipe({ model }: OpenedModel, resolved: readonly ResolvedTensor[], path: string): void {
  writeAtomically(path, writeRecipe(plannedTensors(model, resolved)).text)
}

/** A plan is saved as a JSON object; whatever else there is may be a recipe. */
export function isRecipe(text: string): boolean {
  return !text.trimStart().startsWith('{')
}

/**
 * What a recipe chooses for a model; tensors that it says nothing of keep their stored type, and are told.
 *
 * @throws QuantaloupeError `BAD_RECIPE` with line and reason
 */
export function recipeChoices(
  { model }: OpenedModel,
  text: string,
  method: Method = 'reference',
): { readonly choices: PlanChoices; readonly findings: readonly Finding[] } {
  const tensors = outputOrder(model)
  const { formats, findings } = parseRecipe(
    text,
    tensors.map(({ name, parts: [{ quantizable }] }) => ({ name, quantizable })),
  )
  const choices = tensors.flatMap(({ name, parts }) => {
    const format = formats.get(name)
    return format === undefined ? [] : parts.map((part) => [part.name, { format, method }] as const)
  })
  return { choices: Object.fromEntries(choices), findings }
}

/** Every tensor that llama-quantize would decide on without a recipe; the experts of a layer are one. */
function plannedTensors(model: Model, resolved: readonly ResolvedTensor[]): Planned[] {
  const byName = new Map(resolved.map((entry) => [entry.tensor.name, entry]))
  return outputOrder(model).flatMap(({ name, parts }) => {
    const entries = parts.flatMap((part) => byName.get(part.name) ?? [])
    const [first] = entries
    if (!first?.tensor.quantizable) return []
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
    return [{ name, format: first.change?.format.name ?? first.tensor.type, bytes }]
  })
}

/** llama-quantize takes the first file of a split model for all. */
function sourcePath(model: Model): string {
  return model.container === 'gguf' ? (model.files[0]?.path ?? model.path) : `${sourceStem(model)}.gguf`
}

function sourceStem(model: Model): string {
  return basename(model.path).replace(/(-\d{5}-of-\d{5})?\.(gguf|safetensors)$/, '')
}

function tellImatrix(refused: readonly Planned[]): Finding[] {
  if (refused.length === 0) return []
  const names = shorten(refused.map(({ name }) => name))
  const message = `llama-quantize wants an imatrix for ${names}: put its path in place of ${IMATRIX_FILE}`
  return [{ code: 'IMPORTANCE_NEEDED', message }]
}

/** llama-quantize knows one way to choose codes. */
function tellMethods(resolved: readonly ResolvedTensor[]): Finding[] {
  const others = resolved.filter(({ change }) => change !== null && change.method !== 'reference')
  if (others.length === 0) return []
  const names = shorten(others.map(({ tensor }) => tensor.name))
  const message = `llama-quantize rounds as the method reference does: other bytes for ${names}; export the file here for this plan's`
  return [{ code: 'METHOD_NOT_IN_RECIPE', message }]
}

function tellConversion(model: Model): Finding[] {
  if (model.container === 'gguf') return []
  const message = `llama-quantize reads GGUF alone: convert the model to ${sourcePath(model)} first`
  return [{ code: 'CONVERSION_NEEDED', message }]
}
