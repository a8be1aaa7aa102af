/** What the bits of a stored type mean; only `float` and `quantized` tensors hold weights. */
export type TypeKind = 'float' | 'integer' | 'quantized' | 'other'

/** Block geometry of a stored type. The numbers exist here and nowhere else. */
export interface TypeGeometry {
  readonly name: string
  /** ggml type id; null for a type that only safetensors has. */
  readonly id: number | null
  /** Weights per block. */
  readonly blockSize: number
  readonly blockBytes: number
  readonly kind: TypeKind
}

type Row = readonly [name: string, id: number | null, blockSize: number, blockBytes: number, kind: TypeKind]

/** ggml.h `enum ggml_type` and ggml.c `type_traits`; ids 4, 5, 31-33 and 36-38 are retired. */
const GGML_TYPES: readonly Row[] = [
  ['F32', 0, 1, 4, 'float'],
  ['F16', 1, 1, 2, 'float'],
  ['Q4_0', 2, 32, 18, 'quantized'],
  ['Q4_1', 3, 32, 20, 'quantized'],
  ['Q5_0', 6, 32, 22, 'quantized'],
  ['Q5_1', 7, 32, 24, 'quantized'],
  ['Q8_0', 8, 32, 34, 'quantized'],
  ['Q8_1', 9, 32, 36, 'quantized'],
  ['Q2_K', 10, 256, 84, 'quantized'],
  ['Q3_K', 11, 256, 110, 'quantized'],
  ['Q4_K', 12, 256, 144, 'quantized'],
  ['Q5_K', 13, 256, 176, 'quantized'],
  ['Q6_K', 14, 256, 210, 'quantized'],
  ['Q8_K', 15, 256, 292, 'quantized'],
  ['IQ2_XXS', 16, 256, 66, 'quantized'],
  ['IQ2_XS', 17, 256, 74, 'quantized'],
  ['IQ3_XXS', 18, 256, 98, 'quantized'],
  ['IQ1_S', 19, 256, 50, 'quantized'],
  ['IQ4_NL', 20, 32, 18, 'quantized'],
  ['IQ3_S', 21, 256, 110, 'quantized'],
  ['IQ2_S', 22, 256, 82, 'quantized'],
  ['IQ4_XS', 23, 256, 136, 'quantized'],
  ['I8', 24, 1, 1, 'integer'],
  ['I16', 25, 1, 2, 'integer'],
  ['I32', 26, 1, 4, 'integer'],
  ['I64', 27, 1, 8, 'integer'],
  ['F64', 28, 1, 8, 'float'],
  ['IQ1_M', 29, 256, 56, 'quantized'],
  ['BF16', 30, 1, 2, 'float'],
  ['TQ1_0', 34, 256, 54, 'quantized'],
  ['TQ2_0', 35, 256, 66, 'quantized'],
  ['MXFP4', 39, 32, 17, 'quantized'],
  ['NVFP4', 40, 64, 36, 'quantized'],
  ['Q1_0', 41, 128, 18, 'quantized'],
  ['Q2_0', 42, 64, 18, 'quantized'],
]

/** What safetensors has beyond ggml; the sub-byte types are given as the smallest run of whole bytes. */
const SAFETENSORS_ONLY_TYPES: readonly Row[] = [
  ['BOOL', null, 1, 1, 'other'],
  ['F4', null, 2, 1, 'float'],
  ['F6_E2M3', null, 4, 3, 'float'],
  ['F6_E3M2', null, 4, 3, 'float'],
  ['F8_E5M2', null, 1, 1, 'float'],
  ['F8_E4M3', null, 1, 1, 'float'],
  ['F8_E8M0', null, 1, 1, 'float'],
  ['F8_E4M3FNUZ', null, 1, 1, 'float'],
  ['F8_E5M2FNUZ', null, 1, 1, 'float'],
  ['U8', null, 1, 1, 'integer'],
  ['U16', null, 1, 2, 'integer'],
  ['U32', null, 1, 4, 'integer'],
  ['U64', null, 1, 8, 'integer'],
  ['C64', null, 1, 8, 'other'],
]

/** safetensors spellings that ggml has too, with the same layout. */
const SHARED_TYPES = ['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'I16', 'I8']

function geometry([name, id, blockSize, blockBytes, kind]: Row): TypeGeometry {
  return { name, id, blockSize, blockBytes, kind }
}

/** Every stored type that is known: ggml's in id order, then those of safetensors alone. */
export const TYPE_GEOMETRIES: readonly TypeGeometry[] = [...GGML_TYPES, ...SAFETENSORS_ONLY_TYPES].map(
  geometry,
)

const BY_NAME = new Map(TYPE_GEOMETRIES.map((type) => [type.name, type]))
const BY_ID = new Map(TYPE_GEOMETRIES.filter((type) => type.id !== null).map((type) => [type.id, type]))

const SAFETENSORS_TYPES = new Set([...SHARED_TYPES, ...SAFETENSORS_ONLY_TYPES.map(([name]) => name)])

/** The ggml type of an id; undefined for retired ids and those of forks. */
export function typeById(id: number): TypeGeometry | undefined {
  return BY_ID.get(id)
}

/** The type of a ggml or safetensors spelling. */
export function typeByName(name: string): TypeGeometry | undefined {
  return BY_NAME.get(name)
}

/** The type of a safetensors `dtype`; undefined for a spelling safetensors does not have. */
export function typeByDtype(dtype: string): TypeGeometry | undefined {
  return SAFETENSORS_TYPES.has(dtype) ? BY_NAME.get(dtype) : undefined
}
