import { QuantaloupeError } from '../../engine/errors.ts'
import { rowLength, rowsPerExpert, rowCount } from '../../engine/tensor/tensor.ts'
import type { SharedImportance, TensorSource } from '../protocol.ts'

/**
 * The shared vectors of a tensor: one for all rows or one per expert slice.
 *
 * @throws QuantaloupeError `IMPORTANCE_SHAPE`
 */
export function importanceVectors(
  importance: SharedImportance | null,
  source: TensorSource,
): Float32Array | null {
  if (importance === null) return null
  const values = new Float32Array(importance.values)
  const length = rowLength(source)
  const slices = rowCount(source) / rowsPerExpert(source)
  if (values.length === length || values.length === length * slices) return values
  throw new QuantaloupeError(
    'IMPORTANCE_SHAPE',
    `The importance matrix has ${values.length} values for ${source.name}`,
    {
      place: source.name,
      expected: `${length} values, or ${length} for each of ${slices} slices`,
      remedy: 'Use the importance matrix of this model.',
    },
  )
}
