import type { Histogram } from '../../engine/metrics/histogram.ts'
import { computeHistogram } from '../../engine/metrics/weight-histogram.ts'
import type { HistogramTask } from '../protocol.ts'
import { stepper, withRows } from './source.ts'

export function histogram(task: HistogramTask): Histogram {
  const step = stepper(task.control)
  return withRows(task, (reader) => computeHistogram(reader, task.bins, task.sample, step))
}
