/** A value of `general.file_type`: llama.h `enum llama_ftype`, which is not the enum of tensor types. */
export interface FileType {
  readonly id: number
  /** What llama.cpp calls the mix. */
  readonly label: string
  /** The tensor type that llama.cpp gives most weights under this label (llama-quant.cpp). */
  readonly type: string
}

type Row = readonly [id: number, label: string, type?: string]

const ROWS: readonly Row[] = [
  [0, 'F32'],
  [1, 'F16'],
  [2, 'Q4_0'],
  [3, 'Q4_1'],
  [7, 'Q8_0'],
  [8, 'Q5_0'],
  [9, 'Q5_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K_S', 'Q3_K'],
  [12, 'Q3_K_M', 'Q3_K'],
  [13, 'Q3_K_L', 'Q3_K'],
  [14, 'Q4_K_S', 'Q4_K'],
  [15, 'Q4_K_M', 'Q4_K'],
  [16, 'Q5_K_S', 'Q5_K'],
  [17, 'Q5_K_M', 'Q5_K'],
  [18, 'Q6_K'],
  [19, 'IQ2_XXS'],
  [20, 'IQ2_XS'],
  [21, 'Q2_K_S', 'Q2_K'],
  [22, 'IQ3_XS', 'IQ3_S'],
  [23, 'IQ3_XXS'],
  [24, 'IQ1_S'],
  [25, 'IQ4_NL'],
  [26, 'IQ3_S'],
  [27, 'IQ3_M', 'IQ3_S'],
  [28, 'IQ2_S', 'IQ2_XS'],
  [29, 'IQ2_M', 'IQ2_S'],
  [30, 'IQ4_XS'],
  [31, 'IQ1_M'],
  [32, 'BF16'],
  [36, 'TQ1_0'],
  [37, 'TQ2_0'],
  [38, 'MXFP4_MOE', 'MXFP4'],
  [39, 'NVFP4'],
  [40, 'Q1_0'],
  [41, 'Q2_0'],
]

export const FILE_TYPES: readonly FileType[] = ROWS.map(([id, label, type = label]) => ({ id, label, type }))

/** Set in a file type that a loader or converter guessed. */
const GUESSED_FLAG = 1024

/** The entry of a stored value, with or without the flag of a guess. */
export function fileTypeById(id: number): FileType | undefined {
  return FILE_TYPES.find((type) => type.id === (id & ~GUESSED_FLAG))
}
