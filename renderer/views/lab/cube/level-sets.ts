/** What the three numbers of a code may be. */
export interface LevelSet {
  readonly name: string
  readonly title: string
  /** Whole numbers, ascending, all distinct; at least one is not 0. */
  readonly levels: readonly number[]
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_none, index) => from + index)
}

const LATIN: Readonly<Record<number, string>> = { 1: 'Ternary', 2: 'Pentary', 3: 'Heptary', 4: 'Enneary' }
const LARGEST = 8

function symmetric(n: number): LevelSet {
  return { name: `${n}`, title: `${LATIN[n] ?? `${2 * n + 1} levels`} {−${n}…${n}}`, levels: range(-n, n) }
}

/** Codebooks as in `ggml-common.h`: `kvalues_iq4nl`, and twice the values of E2M1. */
const IQ4_NL = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
const E2M1 = [-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12]

/** The choices of the cube picture: {-n..n}, then what formats of ggml store. */
export const LEVEL_SETS: readonly LevelSet[] = [
  ...range(1, LARGEST).map(symmetric),
  { name: 'Q2_0', title: 'Q2_0 {−1…2}', levels: range(-1, 2) },
  { name: 'Q3_K', title: 'Q3_K {−4…3}', levels: range(-4, 3) },
  { name: 'Q4_0', title: 'Q4_0 {−8…7}', levels: range(-8, 7) },
  { name: 'IQ4_NL', title: 'IQ4_NL codebook', levels: IQ4_NL },
  { name: 'MXFP4', title: 'MXFP4 codebook (E2M1)', levels: E2M1 },
]

/** The scale of such a set has one sign only: the other gives the same directions. */
export function isSymmetric(levels: readonly number[]): boolean {
  return levels.every((level) => levels.includes(-level))
}
