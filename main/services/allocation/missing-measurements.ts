import { QuantaloupeError } from '../../engine/errors.ts'
import { bitsPerWeight } from '../../engine/quantizers/format.ts'
import type { Method } from '../../engine/quantizers/format.ts'
import { formatByName } from '../../engine/quantizers/registry.ts'
import type { MissingMeasurements } from '../../../preload/contract.ts'
import { shorten } from '../measurements/importance-findings.ts'
import type { PreparedGroup } from './prepared-group.ts'

interface MissingFigure {
  readonly format: string
  readonly method: Method
  readonly tensor: string
}

/** Allowed candidates without known damage, by format and method: what an analysis would have to measure. */
export function missingMeasurements(prepared: readonly PreparedGroup[]): MissingMeasurements[] {
  const missing: readonly MissingFigure[] = prepared.flatMap(({ allowed }) =>
    allowed.flatMap(({ format, method, members }) =>
      members
        .filter(({ damage }) => damage === null)
        .map(({ tensor }) => ({ format, method: method ?? ('reference' as const), tensor: tensor.name })),
    ),
  )
  const groups = Map.groupBy(missing, ({ format, method }) => `${format} ${method}`)
  return [...groups.values()].flatMap(describeGroup).toSorted((a, b) => bpwOf(a) - bpwOf(b))
}

function describeGroup(group: readonly MissingFigure[]): MissingMeasurements[] {
  const [first] = group
  if (!first) return []
  return [{ format: first.format, method: first.method, tensors: group.map(({ tensor }) => tensor) }]
}

function bpwOf({ format }: MissingMeasurements): number {
  const known = formatByName(format)
  return known ? bitsPerWeight(known) : 0
}

/** @throws QuantaloupeError `MEASUREMENTS_MISSING` when a group has nothing to choose from for want of measurements */
export function checkMeasured(groups: readonly PreparedGroup[]): void {
  const blocked = groups.filter(({ isBlocked }) => isBlocked)
  if (blocked.length === 0) return
  const names = blocked.flatMap(({ tensors }) => tensors.map(({ name }) => name))
  const formats = [...new Set(missingMeasurements(blocked).map(({ format }) => format))]
  const count = names.length === 1 ? '1 tensor is' : `${names.length} tensors are`
  throw new QuantaloupeError('MEASUREMENTS_MISSING', `${count} not measured in any format that is allowed`, {
    place: shorten(names),
    expected: `measurements in ${formats.join(', ')}`,
    remedy: 'Measure these formats first; a sample of the rows will do.',
  })
}
