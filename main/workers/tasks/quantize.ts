import { encodedBytes } from '../../engine/quantizers/format.ts'
import type { QuantizeTask, TaskResults } from '../protocol.ts'
import { importanceVectors } from './importance.ts'
import { OutputFile } from './output-file.ts'
import { refuseNonFinite, refuseOverflow } from './refusals.ts'
import { rowChunks } from './row-chunks.ts'
import { stepper, withRows } from './source.ts'
import { targetFormat } from './target-format.ts'

/** Stored bytes, weights and blocks of a chunk stay in the second-level cache together. */
const CHUNK_WEIGHTS = 32768

/** Quantizes rows and writes them at their place, a chunk of whole rows at a time. */
export function quantize(task: QuantizeTask): TaskResults['quantize'] {
  const { source } = task
  const vectors = importanceVectors(task.importance, source)
  const step = stepper(task.control)
  return withRows(task, (reader, kernels) =>
    OutputFile.with(task.outputPath, (output) => {
      const { rowLength } = reader
      const { format, method } = targetFormat(task.target, rowLength)
      const rowBytes = encodedBytes(format, rowLength)
      const chunkRows = Math.max(1, Math.floor(CHUNK_WEIGHTS / rowLength))
      const buffer = new Uint8Array(Math.min(chunkRows, task.rows) * rowBytes)
      for (const { firstRow, rows, importance } of rowChunks(source, task, vectors, chunkRows)) {
        const place = { tensor: source.name, firstRow, rowLength }
        const weights = reader.read(firstRow, rows)
        refuseNonFinite(kernels, weights, place)
        const bytes = buffer.subarray(0, rows * rowBytes)
        kernels.quantizeRows(format, method, weights, rowLength, importance, bytes)
        refuseOverflow(format, bytes, place)
        output.write(task.outputOffsetBytes + firstRow * rowBytes, bytes)
        step(weights.length)
      }
      return { writtenBytes: task.rows * rowBytes }
    }),
  )
}
