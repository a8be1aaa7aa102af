import { z } from 'zod'
import { METHODS } from '../../engine/quantizers/format.ts'
import type { Plan } from '../../../preload/contract.ts'

const method = z.enum(METHODS)
const name = z.string().min(1).max(65_535)
const bytes = z.int().nonnegative()
const measure = z.number().nonnegative().nullable()

export const planChoicesSchema = z.record(name, z.strictObject({ format: name, method })).readonly()

/** A plan as it is saved. */
export const planSchema = z.strictObject({
  schema: z.literal(1),
  model: z.string(),
  target: z.enum(['llama.cpp', 'ik_llama.cpp', 'analysis']),
  damageModel: z.enum(['error', 'importance', 'priors', 'measured']),
  fileBytes: bytes,
  bpw: z.number().nonnegative(),
  predictedDamage: measure,
  lowerBound: measure,
  gap: z.number().nullable(),
  price: z.number().nonnegative().exactOptional(),
  tensors: z
    .array(
      z.strictObject({
        name,
        format: name,
        requested: name,
        method: method.nullable(),
        bytes,
        error: measure,
        // Plans that were saved before damage was told of each tensor.
        damage: measure.default(null),
      }),
    )
    .readonly(),
}) satisfies z.ZodType<Plan>
