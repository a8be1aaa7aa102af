/** What each command prints with `--json`; strict, so that a new or missing field is noticed. */
import { z } from 'zod'
import { METHODS } from '../../main/engine/quantizers/format.ts'
import { planSchema } from '../../main/services/plans/plan-schema.ts'

const bytes = z.int().nonnegative()
const measure = z.number().nonnegative().nullable()
const method = z.enum(METHODS)
const finding = z.strictObject({ code: z.string(), message: z.string(), tensor: z.string().exactOptional() })
const scalar = z.union([z.string(), z.number(), z.boolean()])

const metadataValue = z.union([
  z.strictObject({ type: z.string(), value: scalar }),
  z.strictObject({
    type: z.literal('array'),
    elementType: z.string(),
    length: bytes,
    value: z.array(scalar).max(64).exactOptional(),
  }),
])

export const inspectSchema = z.strictObject({
  schema: z.literal(1),
  container: z.enum(['gguf', 'safetensors']),
  architecture: z.string().nullable(),
  parameters: bytes,
  bytes,
  bpw: z.number().positive(),
  files: z.array(z.strictObject({ path: z.string(), bytes })).min(1),
  tensors: z.array(
    z.strictObject({
      name: z.string(),
      shape: z.array(bytes),
      type: z.string(),
      bytes,
      layer: bytes.nullable(),
      role: z.string(),
      quantizable: z.boolean(),
    }),
  ),
  metadata: z.record(z.string(), metadataValue),
  warnings: z.array(finding),
})

export const formatsSchema = z.array(
  z.strictObject({
    name: z.string(),
    id: z.int(),
    family: z.string(),
    target: z.enum(['llama.cpp', 'ik_llama.cpp', 'analysis']),
    blockSize: z.int().positive(),
    blockBytes: z.int().positive(),
    bpw: z.number().positive(),
    needsImportance: z.boolean(),
    methods: z.array(method).min(1),
  }),
)

export const analyzeSchema = z.strictObject({
  schema: z.literal(1),
  model: z.string(),
  elapsedMs: bytes,
  findings: z.array(finding),
  measurements: z.array(
    z.strictObject({
      tensor: z.string(),
      format: z.string(),
      effectiveFormat: z.string(),
      method,
      bytes,
      bpw: z.number().positive(),
      mse: measure,
      rmse: measure,
      relativeError: measure,
      weightedRelativeError: measure,
      outputRelativeError: measure,
      cosine: z.number().min(-1).max(1).nullable(),
      maxAbsError: measure,
      sampledRows: bytes,
      rows: bytes,
      standardError: measure,
      cached: z.boolean(),
    }),
  ),
})

export { planSchema }

const exportedTensors = z.array(
  z.strictObject({
    name: z.string(),
    format: z.string(),
    requested: z.string(),
    method: method.nullable(),
    bytes,
  }),
)

export const exportSchema = z.strictObject({
  schema: z.literal(1),
  path: z.string(),
  fileBytes: bytes,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  seconds: z.number().nonnegative(),
  findings: z.array(finding),
  tensors: exportedTensors,
})

export const dryRunSchema = z.strictObject({
  schema: z.literal(1),
  path: z.string(),
  dryRun: z.literal(true),
  fileBytes: bytes,
  freeBytes: bytes,
  exists: z.boolean(),
  requantized: z.array(z.string()),
  findings: z.array(finding),
  tensors: exportedTensors,
})

const side = z.strictObject({ type: z.string(), shape: z.array(bytes), bytes }).nullable()

export const diffSchema = z.strictObject({
  schema: z.literal(1),
  a: z.string(),
  b: z.string(),
  tensors: z.array(
    z.strictObject({
      name: z.string(),
      status: z.enum(['compared', 'only in A', 'only in B', 'shapes differ', 'not decodable']),
      a: side,
      b: side,
      relativeError: measure,
      nonFinite: bytes,
    }),
  ),
})

const text = z.strictObject({ name: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })
const figure = z.number().nonnegative()

export const verifySchema = z.strictObject({
  schema: z.literal(1),
  reference: z.string(),
  candidate: z.string(),
  fileBytes: bytes,
  bpw: z.number().positive(),
  text,
  context: bytes,
  tokens: bytes,
  scoredTokens: bytes,
  perplexity: z.strictObject({ reference: z.number().min(1), candidate: z.number().min(1) }),
  kld: z.strictObject({
    mean: figure,
    standardError: figure,
    median: figure,
    p99: figure,
    max: figure,
  }),
  sameTopToken: z.number().min(0).max(1),
  tokensPerSecond: z.number().positive(),
  findings: z.array(finding),
})

export const sensitivitySchema = z.strictObject({
  schema: z.literal(1),
  model: z.string(),
  tokens: bytes,
  context: bytes,
  groups: z.array(
    z.strictObject({
      tensors: z.array(z.string()).min(1),
      format: z.string(),
      relativeError: figure,
      weightedRelativeError: figure.nullable(),
      kld: figure,
      perplexityChange: z.number(),
      alpha: figure,
      standardError: figure,
    }),
  ),
  estimate: z.strictObject({
    groups: bytes,
    known: bytes,
    evaluations: bytes,
    tokensPerEvaluation: bytes,
    tokensPerSecond: z.number().positive(),
    seconds: figure,
    temporaryBytes: bytes,
  }),
  findings: z.array(finding),
})
