/** Names of exported files. */
import type { Plan } from '../../../preload/contract.ts'

function separatorOf(path: string): '/' | '\\' {
  return path.includes('\\') ? '\\' : '/'
}

/** A file in a folder, in the folder's own way of writing paths. */
export function joinPath(folder: string, name: string): string {
  const separator = separatorOf(folder)
  return folder.endsWith(separator) ? folder + name : folder + separator + name
}

/** The folder a file lies in. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf(separatorOf(path))
  return end <= 0 ? path.slice(0, end + 1) : path.slice(0, end)
}

/** Where an export goes at first: beside the model, or into the first served folder when the model was uploaded. */
export function exportFolder(modelPath: string, roots: readonly string[] | null): string {
  const folder = folderOf(modelPath)
  const isServed = (root: string) => folder === root || folder.startsWith(joinPath(root, ''))
  return roots === null || roots.some(isServed) ? folder : (roots[0] ?? folder)
}

/** Type endings of GGUF file names, which the new one replaces: `-f16`, `.Q8_0`, `-bf16`. */
const TYPE_ENDING = /[-.](?:bf16|f16|f32|i?q\d[\w]*|tq\d_\d|mxfp4)$/i

/** The format that most of the plan's bytes have. */
function mainFormat(plan: Plan): string {
  const bytes = new Map<string, number>()
  for (const tensor of plan.tensors) {
    bytes.set(tensor.format, (bytes.get(tensor.format) ?? 0) + tensor.bytes)
  }
  return [...bytes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'F16'
}

/** `novelist-7m-Q4_K.gguf`: the model's name with the format of most bytes. */
export function suggestedName(modelPath: string, plan: Plan | null): string {
  const file = modelPath.split(/[\\/]/).findLast((part) => part !== '') ?? 'model'
  const stem = file.replace(/\.(gguf|safetensors)$/i, '').replace(TYPE_ENDING, '')
  return plan ? `${stem}-${mainFormat(plan)}.gguf` : `${stem}.gguf`
}
