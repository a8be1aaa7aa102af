/** All formats and stored types. Adding a format takes one file beside this one and one line here. */
import { BF16, F16, F32 } from './float.ts'
import type { Format, StoredType } from './format.ts'
import { IQ1_M } from './iq1-m.ts'
import { IQ1_S } from './iq1-s.ts'
import { IQ2_S } from './iq2-s.ts'
import { IQ2_XS } from './iq2-xs.ts'
import { IQ2_XXS } from './iq2-xxs.ts'
import { IQ3_S } from './iq3-s.ts'
import { IQ3_XXS } from './iq3-xxs.ts'
import { IQ4_NL, IQ4_XS } from './iq4.ts'
import { Q1_0, Q2_0 } from './low-bit.ts'
import { MXFP4, NVFP4 } from './microscaling.ts'
import { Q2_K } from './q2-k.ts'
import { Q3_K } from './q3-k.ts'
import { Q4_0, Q4_1 } from './q4-legacy.ts'
import { Q4_K } from './q4-k.ts'
import { Q5_0, Q5_1 } from './q5-legacy.ts'
import { Q5_K } from './q5-k.ts'
import { Q6_K } from './q6-k.ts'
import { Q8_0 } from './q8-0.ts'
import { F64, F8_E4M3, F8_E5M2 } from './source-floats.ts'
import { TQ1_0, TQ2_0 } from './ternary.ts'

/** Formats that weights can be quantized to, from most to fewest bits per weight. */
export const FORMATS: readonly Format[] = [
  F32,
  F16,
  BF16,
  Q8_0,
  Q6_K,
  Q5_1,
  Q5_K,
  Q5_0,
  Q4_1,
  Q4_K,
  Q4_0,
  IQ4_NL,
  NVFP4,
  IQ4_XS,
  MXFP4,
  Q3_K,
  IQ3_S,
  IQ3_XXS,
  Q2_K,
  IQ2_S,
  IQ2_XS,
  Q2_0,
  TQ2_0,
  IQ2_XXS,
  IQ1_M,
  TQ1_0,
  IQ1_S,
  Q1_0,
]

const DECODE_ONLY: readonly StoredType[] = [F64, F8_E4M3, F8_E5M2]

const byName = new Map(FORMATS.map((format) => [format.name, format]))
const byId = new Map(FORMATS.map((format) => [format.id, format]))
const stored = new Map([...FORMATS, ...DECODE_ONLY].map((type) => [type.name, type]))

/** The format of that name (`Q4_K`, exact spelling), undefined if there is none. */
export function formatByName(name: string): Format | undefined {
  return byName.get(name)
}

/** The format of that ggml type id, undefined if there is none. */
export function formatById(id: number): Format | undefined {
  return byId.get(id)
}

/** The decoder of a type that tensors are stored in, undefined where the type is only listed. */
export function storedType(name: string): StoredType | undefined {
  return stored.get(name)
}
