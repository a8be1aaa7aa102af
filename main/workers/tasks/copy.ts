import type { CopyTask, TaskResults } from '../protocol.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import { OutputFile } from './output-file.ts'
import { stepper, withSource } from './source.ts'

const CHUNK_BYTES = 1 << 20

/** Copies the stored bytes of a tensor unchanged; the odometer gets its weights at the end of each chunk. */
export function copyBytes(task: CopyTask): TaskResults['copy'] {
  const { source } = task
  const step = stepper(task.control)
  const weights = weightCount(source)
  return withSource(source, (file) =>
    OutputFile.with(task.outputPath, (output) => {
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, source.bytes))
      let counted = 0
      for (let done = 0; done < source.bytes;) {
        const chunk = buffer.subarray(0, Math.min(buffer.length, source.bytes - done))
        file.readInto(source.offsetBytes + done, chunk)
        output.write(task.outputOffsetBytes + done, chunk)
        done += chunk.length
        const reached = Math.floor((weights * done) / source.bytes)
        step(reached - counted)
        counted = reached
      }
      return { writtenBytes: source.bytes }
    }),
  )
}
