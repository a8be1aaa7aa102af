import { chooseKernels } from '../../engine/kernels/kernels.ts'
import { RowReader } from '../../engine/tensor/row-reader.ts'
import type { CompareTask, TaskResults } from '../protocol.ts'
import { stepper, withSource } from './source.ts'

const CHUNK_WEIGHTS = 65_536

/** Sums over rows of two tensors, in double precision, row by row in order. */
export function compare(task: CompareTask): TaskResults['compare'] {
  const kernels = chooseKernels(task.useNative)
  const step = stepper(task.control)
  return withSource(task.source, (file) =>
    withSource(task.other, (otherFile) => {
      const [reader, other] = [
        new RowReader(file, task.source, kernels),
        new RowReader(otherFile, task.other, kernels),
      ]
      const sums = { difference2: 0, weight2: 0, nonFinite: 0 }
      const chunkRows = Math.max(1, Math.floor(CHUNK_WEIGHTS / reader.rowLength))
      const end = task.firstRow + task.rows
      for (let row = task.firstRow; row < end; row += chunkRows) {
        const rows = Math.min(chunkRows, end - row)
        const weights = reader.read(row, rows)
        addDifferences(sums, weights, other.read(row, rows))
        step(weights.length)
      }
      return sums
    }),
  )
}

function addDifferences(
  sums: { difference2: number; weight2: number; nonFinite: number },
  a: Float32Array,
  b: Float32Array,
): void {
  for (let i = 0; i < a.length; i += 1) {
    const [left, difference] = [a[i] as number, (b[i] as number) - (a[i] as number)]
    if (!Number.isFinite(difference)) sums.nonFinite += 1
    else {
      sums.difference2 += difference * difference
      sums.weight2 += left * left
    }
  }
}
