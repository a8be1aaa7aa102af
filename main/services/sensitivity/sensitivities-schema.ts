import { z } from 'zod'

const figure = z.number().nonnegative()

const groupSchema = z.strictObject({
  tensors: z.array(z.string().min(1).max(4096)).min(1).max(100_000).readonly(),
  format: z.string().min(1).max(64),
  relativeError: figure,
  weightedRelativeError: figure.nullable(),
  kld: z.number(),
  perplexityChange: z.number(),
  alpha: figure,
  standardError: figure,
})

/** What `sensitivity -o` writes. */
export const sensitivitiesSchema = z.strictObject({
  schema: z.literal(1),
  model: z.string().max(4096),
  tokens: z.int().nonnegative(),
  context: z.int().nonnegative(),
  groups: z.array(groupSchema).max(1_000_000).readonly(),
})
