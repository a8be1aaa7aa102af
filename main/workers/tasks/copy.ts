import type { CopyTask, TaskResults, TensorSource } from '../protocol.ts'
import { QuantaloupeError } from '../../engine/errors.ts'
import { storedType } from '../../engine/quantizers/registry.ts'
import { swapWords } from '../../engine/tensor/row-reader.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import { OutputFile } from './output-file.ts'
import { stepper, withSource } from './source.ts'

const CHUNK_BYTES = 1 << 20

/**
 * Copies the stored bytes of a tensor; the odometer gets its weights at the end of each chunk.
 *
 * The output is little endian: a big-endian source's words are turned round, so its type must be a known one.
 *
 * @throws QuantaloupeError `BYTE_ORDER`
 */
export function copyBytes(task: CopyTask): TaskResults['copy'] {
  const { source } = task
  const step = stepper(task.control)
  const weights = weightCount(source)
  return withSource(source, (file) =>
    OutputFile.with(task.outputPath, (output) => {
      const swap = wordSwapper(source)
      const chunkBytes = Math.floor(CHUNK_BYTES / swap.unitBytes) * swap.unitBytes
      const buffer = new Uint8Array(Math.min(chunkBytes, source.bytes))
      let counted = 0
      for (let done = 0; done < source.bytes;) {
        const chunk = buffer.subarray(0, Math.min(buffer.length, source.bytes - done))
        file.readInto(source.offsetBytes + done, chunk)
        swap.apply(chunk)
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

/** What turns chunks of whole units to little endian. */
function wordSwapper(source: TensorSource): { unitBytes: number; apply: (chunk: Uint8Array) => void } {
  if (source.littleEndian) return { unitBytes: 1, apply: () => undefined }
  const type = storedType(source.type)
  if (type) return { unitBytes: type.blockBytes, apply: (chunk) => swapWords(chunk, type) }
  throw new QuantaloupeError('BYTE_ORDER', `Big-endian ${source.type} cannot be turned to little endian`, {
    place: source.name,
    expected: 'a type whose layout is known',
    remedy: 'Convert the model to a little-endian GGUF first.',
  })
}
