import { FILE_TYPES } from '../formats/file-type.ts'

/** Of the mixes that share a main type, the one that llama.cpp names when it has to guess. */
const GUESSED_LABELS: ReadonlyMap<string, string> = new Map([
  ['Q2_K', 'Q2_K'],
  ['Q3_K', 'Q3_K_M'],
  ['Q4_K', 'Q4_K_M'],
  ['Q5_K', 'Q5_K_M'],
  ['IQ2_XS', 'IQ2_XS'],
  ['IQ2_S', 'IQ2_M'],
  ['IQ3_S', 'IQ3_S'],
])

/**
 * The `general.file_type` of a file: that of the type which holds the most bytes; null for types that have none.
 *
 * @param tensors stored type and bytes of every tensor of the file
 */
export function fileTypeOf(
  tensors: readonly { readonly format: string; readonly bytes: number }[],
): number | null {
  const bytes = new Map<string, number>()
  for (const tensor of tensors) bytes.set(tensor.format, (bytes.get(tensor.format) ?? 0) + tensor.bytes)
  const [main] = [...bytes].sort(([, a], [, b]) => b - a)[0] ?? []
  if (main === undefined) return null
  const label = GUESSED_LABELS.get(main)
  const entry = FILE_TYPES.find((type) => (label === undefined ? type.type === main : type.label === label))
  return entry?.id ?? null
}
