import type { LocateTask, TaskResults } from '../protocol.ts'
import { stepper, withRows } from './source.ts'

const CHUNK_WEIGHTS = 131072

/** Reads rows from the first on until one holds a weight that is NaN or infinite. */
export function locate(task: LocateTask): TaskResults['locate'] {
  const step = stepper(task.control)
  return withRows(task, (reader, kernels) => {
    const chunkRows = Math.max(1, Math.floor(CHUNK_WEIGHTS / reader.rowLength))
    for (let row = 0; row < reader.rows; row += chunkRows) {
      const weights = reader.read(row, Math.min(chunkRows, reader.rows - row))
      const place = kernels.findNonFinite(weights)
      if (place >= 0) {
        const column = place % reader.rowLength
        return { row: row + (place - column) / reader.rowLength, column, value: String(weights[place]) }
      }
      step(0)
    }
    return null
  })
}
