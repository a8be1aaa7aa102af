/** What both twins refuse, with the same words. */
import { QuantaloupeError } from '../errors.ts'
import type { Format, Method, QuantizeRow } from '../quantizers/format.ts'
import { requireImportance } from '../quantizers/required-importance.ts'

/** @throws QuantaloupeError `METHOD_UNSUPPORTED` */
export function methodOf(format: Format, method: Method): QuantizeRow {
  const quantize = format.methods[method]
  if (quantize) return quantize
  throw new QuantaloupeError('METHOD_UNSUPPORTED', `${format.name} has no method "${method}"`, {
    expected: `one of ${Object.keys(format.methods).join(', ')}`,
  })
}

/** @throws QuantaloupeError `IMPORTANCE_NEEDED`, `IMPORTANCE_SHAPE` */
export function checkImportance(format: Format, rowLength: number, importance: Float32Array | null): void {
  if (format.needsImportance) requireImportance(format.name, importance)
  if (importance === null || importance.length === rowLength) return
  throw new QuantaloupeError(
    'IMPORTANCE_SHAPE',
    `The importance has ${importance.length} values, a row has ${rowLength} weights`,
    { expected: `${rowLength} values`, remedy: 'Use the importance matrix of this model.' },
  )
}
