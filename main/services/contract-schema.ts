import { z } from 'zod'
import { QuantaloupeError } from '../engine/errors.ts'
import { METHODS } from '../engine/quantizers/format.ts'
import { SCALAR_TYPES } from './exports/metadata-settings.ts'
import { planChoicesSchema, planSchema } from './plans/plan-schema.ts'
import { sensitivitiesSchema } from './sensitivity/sensitivities-schema.ts'
import type { MethodName, Methods, RequestOf } from '../../preload/contract.ts'

/** Longer strings are no paths, names or formats. */
const MAX_TEXT = 4096
/** A page of an array; the reader gives no more at a time either. */
const MAX_PAGE = 10_000
/** Longest metadata key of the file format. */
const MAX_KEY = 65_535
/** Metadata texts, such as chat templates. */
const MAX_VALUE = 2 ** 20
const MAX_SETTINGS = 1_000

const text = z.string().min(1).max(MAX_TEXT)
const method = z.enum(METHODS)
const none = z.null()
const model = z.strictObject({ model: text })
const job = z.strictObject({ job: text })
const path = z.strictObject({ path: text })
const imatrix = text.exactOptional()
const metadata = z
  .array(
    z.strictObject({
      key: z.string().max(MAX_KEY),
      type: z.enum(SCALAR_TYPES),
      value: z.union([z.string().max(MAX_VALUE), z.number(), z.boolean()]),
    }),
  )
  .max(MAX_SETTINGS)
  .readonly()
  .exactOptional()

const damage = z.strictObject({
  model: z.enum(['error', 'importance', 'priors', 'measured']),
  sensitivities: text.exactOptional(),
  multipliers: z.record(text, z.number().nonnegative()).readonly().exactOptional(),
})
const contextTokens = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const cacheType = z.enum(['F16', 'Q8_0', 'Q4_0'])
const allocation = z.strictObject({
  model: text,
  target: z.enum(['llama.cpp', 'ik_llama.cpp']),
  formats: z.array(text).min(1).max(256).readonly().exactOptional(),
  methods: z.array(method).min(1).max(3).readonly(),
  imatrix,
  damage,
  pins: planChoicesSchema,
  excluded: z.array(text).max(1_000_000).readonly(),
  groups: z.array(z.array(text).max(1_000_000).readonly()).max(1_000_000).readonly(),
  minimums: z.record(text, text).readonly(),
})
const budget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), bytes: z.int().nonnegative() }),
  z.strictObject({ kind: z.literal('bpw'), bpw: z.number().nonnegative() }),
  z.strictObject({
    kind: z.literal('memory'),
    bytes: z.int().nonnegative(),
    context: contextTokens,
    cacheType,
  }),
])

/** Tokens per chunk: llama.cpp scores the second half. */
const context = z
  .int()
  .min(8)
  .max(2 ** 20)
  .multipleOf(2)
const sensitivity = z.strictObject({
  model: text,
  text,
  imatrix,
  context,
  tokens: z.int().positive(),
  formats: z.array(text).min(1).max(256).readonly(),
  grouping: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('tensor') }),
    z.strictObject({ kind: z.literal('layers'), layers: z.int().positive() }),
  ]),
})

/** One schema for every method of the contract. */
export const REQUEST_SCHEMAS = {
  'host.info': none,
  'files.list': z.strictObject({ path: text.nullable() }),
  'dialog.open': z.strictObject({ kind: z.enum(['model', 'imatrix', 'plan', 'text', 'sensitivities']) }),
  'dialog.save': z.strictObject({ suggestedName: text }),
  'models.open': path,
  'models.close': model,
  'models.list': none,
  'models.recent': none,
  'models.forget': path,
  'models.tensors': model,
  'models.metadata': model,
  'models.metadataArray': z.strictObject({
    model: text,
    key: z.string().max(MAX_KEY),
    offset: z.int().nonnegative(),
    length: z.int().nonnegative().max(MAX_PAGE),
  }),
  'models.pairs': z.strictObject({ a: text, b: text }),
  'models.pairError': z.strictObject({ a: text, b: text, tensor: text }),
  'tensor.histogram': z.strictObject({ model: text, tensor: text }),
  'tensor.measurements': z.strictObject({ model: text, tensor: text, imatrix }),
  'tensor.profile': z.strictObject({ model: text, tensor: text, format: text, method, imatrix }),
  'measurements.list': z.strictObject({ model: text, format: text, method, imatrix }),
  'analysis.start': z.strictObject({
    model: text,
    formats: z.array(text).min(1).max(256).readonly(),
    method,
    tensors: z.array(text).min(1).max(1_000_000).readonly().exactOptional(),
    sample: z.number().gt(0).lt(1).exactOptional(),
    imatrix,
    covariance: text.exactOptional(),
  }),
  'jobs.list': none,
  'jobs.pause': job,
  'jobs.resume': job,
  'jobs.cancel': job,
  'jobs.dismiss': job,
  'plans.presets': none,
  'plans.preset': z.strictObject({
    model: text,
    preset: text,
    method,
    imatrix,
    pure: z.boolean().exactOptional(),
    damage: damage.exactOptional(),
  }),
  'plans.evaluate': z.strictObject({
    model: text,
    choices: planChoicesSchema,
    imatrix,
    damage: damage.exactOptional(),
  }),
  'plans.save': z.strictObject({ plan: planSchema, path: text }),
  'plans.load': z.strictObject({ model: text, path: text, imatrix }),
  'plans.recipe': z.strictObject({ model: text, choices: planChoicesSchema, imatrix }),
  'plans.saveRecipe': z.strictObject({ model: text, choices: planChoicesSchema, path: text }),
  'allocation.frontier': allocation,
  'allocation.solve': z.strictObject({ allocation, budget }),
  'allocation.explain': z.strictObject({ allocation, choices: planChoicesSchema, tensor: text }),
  'allocation.memory': z.strictObject({ model: text, context: contextTokens, cacheType }),
  'verification.start': z.strictObject({
    model: text,
    candidate: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('plan'), choices: planChoicesSchema, imatrix }),
      z.strictObject({ kind: z.literal('file'), path: text }),
    ]),
    label: text,
    text,
    context,
    chunks: z.int().positive().exactOptional(),
  }),
  'verification.list': model,
  'verification.forget': z.strictObject({ id: text }),
  'sensitivity.estimate': sensitivity,
  'sensitivity.start': sensitivity,
  'sensitivity.list': z.strictObject({ model: text, imatrix }),
  'sensitivity.save': z.strictObject({ sensitivities: sensitivitiesSchema, path: text }),
  'lab.block': z.strictObject({
    model: text,
    tensor: text,
    row: z.int().nonnegative(),
    block: z.int().nonnegative().nullable(),
    format: text,
    method,
    imatrix,
  }),
  'export.preview': z.strictObject({
    model: text,
    choices: planChoicesSchema,
    path: text,
    imatrix,
    metadata,
  }),
  'export.start': z.strictObject({
    model: text,
    choices: planChoicesSchema,
    path: text,
    imatrix,
    metadata,
    overwrite: z.boolean(),
    allowRequantize: z.boolean(),
  }),
} as const satisfies { readonly [M in MethodName]: z.ZodType<RequestOf<M>> }

type Schemas = typeof REQUEST_SCHEMAS

/** Methods whose schema lets through less, more or other fields than the contract names. */
type Drifted = {
  [M in MethodName]: [RequestOf<M>, keyof RequestOf<M>] extends [
    z.output<Schemas[M]>,
    keyof z.output<Schemas[M]>,
  ]
    ? [z.output<Schemas[M]>, keyof z.output<Schemas[M]>] extends [RequestOf<M>, keyof RequestOf<M>]
      ? never
      : M
    : M
}[MethodName]

/** Does not compile while a schema and the contract differ. */
const drifted: readonly Drifted[] = [] satisfies readonly never[]
void drifted

export function isMethod(name: string): name is keyof Methods {
  return Object.hasOwn(REQUEST_SCHEMAS, name)
}

/** @throws QuantaloupeError `BAD_REQUEST` */
export function parseRequest<M extends MethodName>(name: M, request: unknown): RequestOf<M> {
  const result = REQUEST_SCHEMAS[name].safeParse(request)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.length ? issue.path.join('.') : 'the request'
  throw new QuantaloupeError('BAD_REQUEST', `${name} was called with a wrong request`, {
    place: field,
    expected: issue?.message ?? 'what the contract says',
  })
}
