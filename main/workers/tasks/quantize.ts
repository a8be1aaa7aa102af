import { QuantaloupeError } from '../../engine/errors.ts'
import { encodedBytes } from '../../engine/quantizers/format.ts'
import { findOverflow } from '../../engine/quantizers/overflow.ts'
import { rowsPerExpert } from '../../engine/tensor/tensor.ts'
import type { QuantizeTask, TaskResults } from '../protocol.ts'
import { importanceVectors } from './importance.ts'
import { OutputFile } from './output-file.ts'
import { stepper, withRows } from './source.ts'
import { targetFormat } from './target-format.ts'

/** Stored bytes, weights and blocks of a chunk stay in the second-level cache together. */
const CHUNK_WEIGHTS = 32768

/** Quantizes rows and writes them at their place, a chunk of whole rows at a time. */
export function quantize(task: QuantizeTask): TaskResults['quantize'] {
  const { source } = task
  const importance = importanceVectors(task.importance, source)
  const step = stepper(task.control)
  return withRows(task, (reader, kernels) =>
    OutputFile.with(task.outputPath, (output) => {
      const { rowLength } = reader
      const { format, method } = targetFormat(task.target, rowLength)
      const rowBytes = encodedBytes(format, rowLength)
      const perExpert = importance !== null && importance.length > rowLength
      const sliceRows = perExpert ? rowsPerExpert(source) : Infinity
      const chunkRows = Math.max(1, Math.floor(CHUNK_WEIGHTS / rowLength))
      const buffer = new Uint8Array(Math.min(chunkRows, task.rows) * rowBytes)
      const end = task.firstRow + task.rows
      for (let row = task.firstRow; row < end;) {
        const slice = Math.floor(row / sliceRows)
        const rows = Math.min(chunkRows, end - row, (slice + 1) * sliceRows - row)
        const weights = reader.read(row, rows)
        refuseNonFinite(weights, kernels.findNonFinite(weights), rowLength, source.name, row)
        const bytes = buffer.subarray(0, rows * rowBytes)
        const vector = importance && importance.subarray(slice * rowLength, (slice + 1) * rowLength)
        kernels.quantizeRows(format, method, weights, rowLength, vector, bytes)
        refuseOverflow(findOverflow(format, bytes), rowBytes, source.name, row, format.name)
        output.write(task.outputOffsetBytes + row * rowBytes, bytes)
        step(weights.length)
        row += rows
      }
      return { writtenBytes: task.rows * rowBytes }
    }),
  )
}

function refuseNonFinite(
  weights: Float32Array,
  place: number,
  rowLength: number,
  name: string,
  firstRow: number,
): void {
  if (place < 0) return
  const row = firstRow + Math.floor(place / rowLength)
  const message = `Row ${row}, column ${place % rowLength} of ${name} is ${String(weights[place])}`
  throw new QuantaloupeError('NON_FINITE_WEIGHT', message, {
    place: name,
    expected: 'finite weights',
    remedy: 'Keep this tensor in its stored type, or repair the source model.',
  })
}

function refuseOverflow(
  place: number,
  rowBytes: number,
  name: string,
  firstRow: number,
  format: string,
): void {
  if (place < 0) return
  const row = firstRow + Math.floor(place / rowBytes)
  throw new QuantaloupeError('WEIGHT_OVERFLOW', `Row ${row} of ${name} is too large for ${format}`, {
    place: name,
    expected: 'weights whose scale fits 16 bits',
    remedy: 'Choose F32 or BF16 for this tensor.',
  })
}
