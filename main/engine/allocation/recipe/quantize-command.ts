import { formatByName } from '../../quantizers/registry.ts'
import { PRESETS } from '../presets/preset-list.ts'
import { presetRole } from '../presets/roles.ts'
import { bashCommand, powershellCommand } from './shell-quoting.ts'

export interface QuantizeTask {
  /** The model as GGUF; of a split one the first file. */
  readonly source: string
  readonly output: string
  /** Where the text of the recipe is. */
  readonly recipe: string
  readonly imatrix: string | null
  /** A tensor whose stored type is quantized changes. */
  readonly requantizes: boolean
  readonly preset: string
}

/** One line for each shell. */
export interface QuantizeCommand {
  readonly bash: string
  readonly powershell: string
}

/** The call of `llama-quantize` that carries out a recipe. */
export function quantizeCommand(task: QuantizeTask): QuantizeCommand {
  const words = [
    'llama-quantize',
    ...(task.requantizes ? ['--allow-requantize'] : []),
    ...(task.imatrix === null ? [] : ['--imatrix', asArgument(task.imatrix)]),
    '--tensor-type-file',
    asArgument(task.recipe),
    asArgument(task.source),
    asArgument(task.output),
    task.preset,
  ]
  return { bash: bashCommand(words), powershell: powershellCommand(words) }
}

/** A path that can not be taken for an option. */
function asArgument(path: string): string {
  return path.startsWith('-') ? `./${path}` : path
}

/** Of the mixes that share a base format, the one to name; NVFP4 is known to the library alone. */
const PRESET_OF_BASE: ReadonlyMap<string, string> = new Map([
  ...PRESETS.flatMap(({ name, base }) => (base === name && name !== 'NVFP4' ? [[base, name] as const] : [])),
  ['Q3_K', 'Q3_K_M'],
  ['Q4_K', 'Q4_K_M'],
  ['Q5_K', 'Q5_K_M'],
  ['IQ2_S', 'IQ2_M'],
  ['MXFP4', 'MXFP4_MOE'],
])

/**
 * The preset to name in the call: its base format holds the most bytes of the plan.
 *
 * Never one of an unquantized format, where llama-quantize ignores recipes; Q8_0 where nothing else is left, since every
 * tensor is named in the recipe anyway. What the preset still decides is `general.file_type`.
 */
export function presetFor(planned: readonly { readonly format: string; readonly bytes: number }[]): string {
  const bytes = new Map<string, number>()
  for (const { format, bytes: own } of planned) bytes.set(format, (bytes.get(format) ?? 0) + own)
  const main = [...bytes]
    .sort(([, a], [, b]) => b - a)
    .find(([format]) => PRESET_OF_BASE.has(format) && formatByName(format)?.family !== 'float')
  return PRESET_OF_BASE.get(main?.[0] ?? '') ?? 'Q8_0'
}

const MADE_WITH_IMATRIX = new Set(['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS'])

/**
 * Whether llama-quantize refuses a tensor without an imatrix: more often than the formats need one, but never for
 * embedding and output.
 *
 * Its one further case, Q2_K in a Q2_K_S file, does not arise: {@link presetFor} never names that preset.
 *
 * @see llama-quant.cpp, tensor_requires_imatrix
 */
export function isRefusedWithoutImatrix(name: string, format: string): boolean {
  const role = presetRole(name)
  return MADE_WITH_IMATRIX.has(format) && role !== 'embedding' && role !== 'output'
}
