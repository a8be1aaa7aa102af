import { z } from 'zod'
import { QuantaloupeError } from '../engine/errors.ts'
import { SCALAR_TYPES } from './exports/metadata-settings.ts'
import { planChoicesSchema, planSchema } from './plans/plan-schema.ts'
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
const method = z.enum(['reference', 'optimal', 'gptq'])
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

/** One schema for every method of the contract. */
export const REQUEST_SCHEMAS = {
  'host.info': none,
  'files.list': z.strictObject({ path: text.nullable() }),
  'dialog.open': z.strictObject({ kind: z.enum(['model', 'imatrix', 'plan']) }),
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
  'plans.preset': z.strictObject({ model: text, preset: text, method }),
  'plans.evaluate': z.strictObject({ model: text, choices: planChoicesSchema, imatrix }),
  'plans.save': z.strictObject({ plan: planSchema, path: text }),
  'plans.load': z.strictObject({ model: text, path: text }),
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
