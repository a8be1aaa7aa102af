import { QuantaloupeError } from '../../engine/errors.ts'
import type { MissingMeasurements } from '../../../preload/contract.ts'
import { shorten } from '../measurements/importance-findings.ts'
import type { PreparedGroup } from './prepared-group.ts'

/** Allowed candidates without known damage, by format and method: what an analysis would have to measure. */
export function missingMeasurements(groups: readonly PreparedGroup[]): MissingMeasurements[] {
  const missing = groups.flatMap(({ allowed }) =>
    allowed.flatMap(({ format, method, members }) =>
      members
        .filter(({ damage }) => damage === null)
        .map(({ tensor }) => ({ format, method: method ?? ('reference' as const), tensor: tensor.name })),
    ),
  )
  return [...Map.groupBy(missing, ({ format, method }) => `${format} ${method}`).values()].flatMap(
    (group) => {
      const [first] = group
      if (!first) return []
      return [{ format: first.format, method: first.method, tensors: group.map(({ tensor }) => tensor) }]
    },
  )
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
