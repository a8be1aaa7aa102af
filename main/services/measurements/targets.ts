import { fallbackFormat } from '../../engine/allocation/fallback.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import { formatByName } from '../../engine/quantizers/registry.ts'
import type { Format, Method } from '../../engine/quantizers/format.ts'
import { rowLength } from '../../engine/tensor/tensor.ts'
import type { Tensor } from '../../engine/tensor/tensor.ts'

/** One format to measure a tensor in, and the requested formats it stands for. */
export interface Target {
  readonly effective: Format
  readonly requested: readonly string[]
}

/**
 * Checks a choice of format and method.
 *
 * @throws QuantaloupeError `FORMAT_UNKNOWN`, `METHOD_UNSUPPORTED`
 */
export function checkedFormat(name: string, method: Method): Format {
  const format = formatByName(name)
  if (!format) {
    const remedy = '`quantaloupe formats` lists the formats.'
    throw new QuantaloupeError('FORMAT_UNKNOWN', 'There is no such format', { place: name, remedy })
  }
  if (format.methods[method]) return format
  const expected = Object.keys(format.methods).join(' or ')
  throw new QuantaloupeError('METHOD_UNSUPPORTED', `${name} has no method ${method}`, {
    place: name,
    expected,
  })
}

/** The format that a tensor's row length allows: the one asked for, or its replacement. */
export function effectiveFormat(format: Format, tensor: Tensor): Format {
  const name = fallbackFormat(format.name, rowLength(tensor))
  const effective = formatByName(name)
  if (!effective) throw new Error(`${name}, which replaces ${format.name}, is not in the registry`)
  return effective
}

/** The formats that a tensor's row length allows; several requested ones may fall back to the same. */
export function targetsOf(tensor: Tensor, formats: readonly Format[]): Target[] {
  const targets = new Map<string, { effective: Format; requested: string[] }>()
  for (const format of formats) {
    const effective = effectiveFormat(format, tensor)
    const target = targets.get(effective.name) ?? { effective, requested: [] }
    target.requested.push(format.name)
    targets.set(effective.name, target)
  }
  return [...targets.values()]
}
