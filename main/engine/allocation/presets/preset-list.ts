/** The commit of llama.cpp whose `src/llama-quant.cpp` these rules follow. */
export const EMULATED_REVISION = '007dbbf3fd17eefe9b47fee45f48f7ba5e62b714'

/** A named mix of llama.cpp. */
export interface Preset {
  readonly name: string
  /** Other names that llama-quantize takes for it. */
  readonly aliases: readonly string[]
  /** The format that no rule changes; null where every tensor keeps its stored type. */
  readonly base: string | null
  /** `general.file_type` of a file made with it; null where the file keeps its own. */
  readonly fileType: number | null
  readonly description: string
}

type Row = readonly [name: string, fileType: number | null, base: string | null, description: string]

/** Sizes and perplexities are those that llama-quantize tells, of Llama-3-8B where no other model is named. */
const ROWS: readonly Row[] = [
  ['Q1_0', 40, 'Q1_0', '1.125 bits per weight'],
  ['Q2_0', 41, 'Q2_0', '2.25 bits per weight'],
  ['Q4_0', 2, 'Q4_0', '4.34G, +0.4685 perplexity'],
  ['Q4_1', 3, 'Q4_1', '4.78G, +0.4511 perplexity'],
  ['MXFP4_MOE', 38, 'MXFP4', 'stacks of experts MXFP4, the rest Q8_0'],
  ['NVFP4', 39, 'NVFP4', '4.5 bits per weight'],
  ['Q5_0', 8, 'Q5_0', '5.21G, +0.1316 perplexity'],
  ['Q5_1', 9, 'Q5_1', '5.65G, +0.1062 perplexity'],
  ['IQ2_XXS', 19, 'IQ2_XXS', '2.06 bits per weight'],
  ['IQ2_XS', 20, 'IQ2_XS', '2.31 bits per weight'],
  ['IQ2_S', 28, 'IQ2_XS', '2.5 bits per weight'],
  ['IQ2_M', 29, 'IQ2_S', '2.7 bits per weight'],
  ['IQ1_S', 24, 'IQ1_S', '1.56 bits per weight'],
  ['IQ1_M', 31, 'IQ1_M', '1.75 bits per weight'],
  ['TQ1_0', 36, 'TQ1_0', '1.69 bits per weight, ternary'],
  ['TQ2_0', 37, 'TQ2_0', '2.06 bits per weight, ternary'],
  ['Q2_K', 10, 'Q2_K', '2.96G, +3.5199 perplexity'],
  ['Q2_K_S', 21, 'Q2_K', '2.96G, +3.1836 perplexity'],
  ['IQ3_XXS', 23, 'IQ3_XXS', '3.06 bits per weight'],
  ['IQ3_S', 26, 'IQ3_S', '3.44 bits per weight'],
  ['IQ3_M', 27, 'IQ3_S', '3.66 bits per weight, mixed'],
  ['IQ3_XS', 22, 'IQ3_S', '3.3 bits per weight'],
  ['Q3_K_S', 11, 'Q3_K', '3.41G, +1.6321 perplexity'],
  ['Q3_K_M', 12, 'Q3_K', '3.74G, +0.6569 perplexity'],
  ['Q3_K_L', 13, 'Q3_K', '4.03G, +0.5562 perplexity'],
  ['IQ4_NL', 25, 'IQ4_NL', '4.50 bits per weight, not linear'],
  ['IQ4_XS', 30, 'IQ4_XS', '4.25 bits per weight, not linear'],
  ['Q4_K_S', 14, 'Q4_K', '4.37G, +0.2689 perplexity'],
  ['Q4_K_M', 15, 'Q4_K', '4.58G, +0.1754 perplexity'],
  ['Q5_K_S', 16, 'Q5_K', '5.21G, +0.1049 perplexity'],
  ['Q5_K_M', 17, 'Q5_K', '5.33G, +0.0569 perplexity'],
  ['Q6_K', 18, 'Q6_K', '6.14G, +0.0217 perplexity'],
  ['Q8_0', 7, 'Q8_0', '7.96G, +0.0026 perplexity'],
  ['F16', 1, 'F16', '14.00G, +0.0020 perplexity (Mistral 7B)'],
  ['BF16', 32, 'BF16', '14.00G, -0.0050 perplexity (Mistral 7B)'],
  ['F32', 0, 'F32', '26.00G (7B)'],
  ['COPY', null, null, 'every tensor as it is stored'],
]

const ALIASES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Q3_K_M', ['Q3_K']],
  ['Q4_K_M', ['Q4_K']],
  ['Q5_K_M', ['Q5_K']],
])

/** Every preset, in the order in which llama-quantize lists them. */
export const PRESETS: readonly Preset[] = ROWS.map(([name, fileType, base, description]) => ({
  name,
  aliases: ALIASES.get(name) ?? [],
  base,
  fileType,
  description,
}))

/** The preset of a name or alias, exact spelling; undefined if there is none. */
export function presetByName(name: string): Preset | undefined {
  return PRESETS.find((preset) => preset.name === name || preset.aliases.includes(name))
}
