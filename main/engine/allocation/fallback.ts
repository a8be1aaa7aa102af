import { typeByName } from '../tensor/type-geometry.ts'

/** What llama.cpp stores instead where a row is no multiple of the block (llama-quant.cpp, tensor_type_fallback). */
const REPLACEMENTS: ReadonlyMap<string, string> = new Map([
  ...['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S', 'IQ4_XS'].map((name) => [name, 'IQ4_NL'] as const), // prettier-ignore
  ...['Q2_0', 'Q2_K', 'Q3_K', 'TQ1_0', 'TQ2_0'].map((name) => [name, 'Q4_0'] as const),
  ['Q4_K', 'Q5_0'],
  ['Q5_K', 'Q5_1'],
  ['Q6_K', 'Q8_0'],
])

function fits(name: string, rowLength: number): boolean {
  const type = typeByName(name)
  return type !== undefined && rowLength % type.blockSize === 0
}

/**
 * The format that rows of a length are stored in when `requested` is asked for: itself, its replacement, or F16.
 *
 * llama.cpp stops where a format without a replacement does not fit (Q4_0, Q8_0, ...); here such rows become F16 too.
 */
export function fallbackFormat(requested: string, rowLength: number): string {
  if (fits(requested, rowLength)) return requested
  const replacement = REPLACEMENTS.get(requested)
  return replacement !== undefined && fits(replacement, rowLength) ? replacement : 'F16'
}
