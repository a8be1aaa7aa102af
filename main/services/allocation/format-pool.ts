import { QuantaloupeError } from '../../engine/errors.ts'
import type { Model } from '../../engine/formats/model.ts'
import { bitsPerWeight } from '../../engine/quantizers/format.ts'
import type { Format, Method } from '../../engine/quantizers/format.ts'
import { FORMATS, formatByName } from '../../engine/quantizers/registry.ts'
import { typeByName } from '../../engine/tensor/type-geometry.ts'
import type { AllocationRequest, TensorChoice } from '../../../preload/contract.ts'

type RuntimeTarget = AllocationRequest['target']

export interface PoolRequest {
  /** The usual ones of the target when absent. */
  readonly formats?: readonly string[] | undefined
  readonly methods: readonly Method[]
  readonly target: RuntimeTarget
}

export interface FormatPool {
  /** From fewest to most bits per weight. */
  readonly formats: readonly Format[]
  /** Ways to store a tensor, before its row length has a say. */
  readonly choices: readonly TensorChoice[]
}

/**
 * What a search may choose from: each format of the pool with each wanted method that it has.
 *
 * @throws QuantaloupeError `FORMAT_UNKNOWN`, `NOT_EXPORTABLE`, `METHOD_UNSUPPORTED`
 */
export function formatPool(model: Model, { formats: names, methods, target }: PoolRequest): FormatPool {
  const named = names?.map((name) => loadableFormat(name, target))
  const formats = [...new Set(named ?? usualFormats(model, target))].toSorted(
    (a, b) => bitsPerWeight(a) - bitsPerWeight(b),
  )
  const choices = formats.flatMap((format) =>
    [...new Set(methods)]
      .filter((method) => format.methods[method])
      .map((method) => ({ format: format.name, method })),
  )
  if (choices.length === 0) throw noMethod(formats, methods)
  return { formats, choices }
}

/** Whether a runtime loads a type; ik_llama.cpp loads what llama.cpp does and more. */
export function loads(target: RuntimeTarget, typeName: string): boolean {
  const found = formatByName(typeName)?.target
  return found === 'llama.cpp' || found === target
}

/** @throws QuantaloupeError `FORMAT_UNKNOWN`, `NOT_EXPORTABLE` */
export function loadableFormat(name: string, target: RuntimeTarget): Format {
  const format = formatByName(name)
  if (!format) {
    const remedy = '`quantaloupe formats` lists the formats.'
    throw new QuantaloupeError('FORMAT_UNKNOWN', 'There is no such format', { place: name, remedy })
  }
  if (loads(target, name)) return format
  throw new QuantaloupeError('NOT_EXPORTABLE', `${target} does not load ${name}`, {
    place: name,
    expected: `a format that ${target} loads`,
  })
}

/**
 * The usual pool: K and i formats and Q8_0, and F16 where weights are stored wider than that.
 *
 * The older formats are no better than the K formats of their size; they come in by themselves where a row length wants
 * them. Ternary, binary and microscaling formats are made for models trained for them.
 */
function usualFormats(model: Model, target: RuntimeTarget): Format[] {
  const isWide = model.tensors.some(
    ({ quantizable, type }) => quantizable && (typeByName(type)?.blockBytes ?? 0) > 2 && isFloat(type),
  )
  return FORMATS.filter(
    ({ name, family, target: loader }) =>
      (loader === 'llama.cpp' || loader === target) &&
      (family === 'k' || family === 'i' || name === 'Q8_0' || (name === 'F16' && isWide)),
  )
}

function isFloat(type: string): boolean {
  return typeByName(type)?.kind === 'float'
}

function noMethod(formats: readonly Format[], methods: readonly Method[]): QuantaloupeError {
  const names = formats.map(({ name }) => name).join(', ')
  return new QuantaloupeError(
    'METHOD_UNSUPPORTED',
    `No format of the pool has the method ${methods.join(' or ')}`,
    {
      place: names,
      expected: [...new Set(formats.flatMap((format) => Object.keys(format.methods)))].join(' or '),
    },
  )
}
