import { QuantaloupeError } from '../../engine/errors.ts'
import type { Format, Method } from '../../engine/quantizers/format.ts'
import { formatByName } from '../../engine/quantizers/registry.ts'
import type { MeasureTarget } from '../protocol.ts'

/**
 * The registry entry of a target, checked against the row length.
 *
 * @throws QuantaloupeError `FORMAT_UNKNOWN`, `ROW_LENGTH`
 */
export function targetFormat(target: MeasureTarget, rowLength: number): { format: Format; method: Method } {
  const format = formatByName(target.format)
  if (!format) throw new QuantaloupeError('FORMAT_UNKNOWN', `There is no format "${target.format}"`)
  if (rowLength % format.blockSize !== 0) {
    throw new QuantaloupeError('ROW_LENGTH', `Rows of ${rowLength} weights do not fit ${format.name}`, {
      expected: `a multiple of ${format.blockSize}`,
    })
  }
  return { format, method: target.method }
}
