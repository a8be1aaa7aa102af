/**
 * Formats of which the `optimal` methods find the least error of all encodings of a block, in the objective of the method.
 * The proofs: ../quantizers/optimal/README.md.
 */
const PROVED_FORMATS: ReadonlySet<string> = new Set([
  ...['Q4_0', 'Q5_0', 'Q8_0', 'IQ4_NL', 'Q1_0', 'Q2_0', 'TQ1_0', 'TQ2_0', 'MXFP4', 'NVFP4'],
  ...['Q3_K', 'Q6_K', 'IQ4_XS'],
  ...['IQ1_S', 'IQ1_M'],
])

export function isProvedOptimal(format: string): boolean {
  return PROVED_FORMATS.has(format)
}
