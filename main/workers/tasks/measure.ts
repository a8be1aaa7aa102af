import { QuantaloupeError } from '../../engine/errors.ts'
import type { ErrorSums } from '../../engine/metrics/error-sums.ts'
import { measureBand } from '../../engine/metrics/measure-band.ts'
import { rowBands } from '../../engine/metrics/row-bands.ts'
import { rowLength } from '../../engine/tensor/tensor.ts'
import type { MeasureTask } from '../protocol.ts'
import { importanceVectors } from './importance.ts'
import { stepper, withRows } from './source.ts'
import { targetFormat } from './target-format.ts'

/** One band of one tensor against every target. */
export function measure(task: MeasureTask): readonly ErrorSums[] {
  const { source, covariance, sample } = task
  const band = rowBands(source.shape)[task.band]
  if (!band) throw new Error(`${source.name} has no row band ${task.band}`)
  const targets = task.targets.map((target) => targetFormat(target, rowLength(source)))
  const importance = importanceVectors(task.importance, source)
  const step = stepper(task.control)
  return withRows(task, (reader, kernels) =>
    measureBand({
      reader,
      kernels,
      band,
      sample,
      targets,
      importance,
      covariance: covariance && checkedCovariance(new Float64Array(covariance.values), reader.rowLength),
      step,
    }),
  )
}

function checkedCovariance(values: Float64Array, rowLength: number): Float64Array {
  if (values.length === rowLength * rowLength) return values
  throw new QuantaloupeError('COVARIANCE_SHAPE', 'The covariance does not fit the tensor', {
    expected: `${rowLength} x ${rowLength} values`,
  })
}
