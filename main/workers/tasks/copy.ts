import { QuantaloupeError } from '../../engine/errors.ts'
import type { StoredType } from '../../engine/quantizers/format.ts'
import { storedType } from '../../engine/quantizers/registry.ts'
import { swapWords } from '../../engine/tensor/swap-words.ts'
import { weightCount } from '../../engine/tensor/tensor.ts'
import { typeByName } from '../../engine/tensor/type-geometry.ts'
import type { CopyTask, TaskResults, TensorSource } from '../protocol.ts'
import { OutputFile } from './output-file.ts'
import { stepper, withSource } from './source.ts'

const CHUNK_BYTES = 1 << 20

/**
 * Copies the stored bytes of a tensor, turned to little endian where the source is big endian.
 *
 * @throws QuantaloupeError `BYTE_ORDER` for big-endian blocks of an unknown layout
 */
export function copyBytes(task: CopyTask): TaskResults['copy'] {
  const { source } = task
  const swapped = source.littleEndian ? null : layoutOf(source)
  const step = stepper(task.control)
  const weights = weightCount(source)
  return withSource(source, (file) =>
    OutputFile.with(task.outputPath, (output) => {
      const blockBytes = swapped?.blockBytes ?? 1
      const chunkBytes = CHUNK_BYTES - (CHUNK_BYTES % blockBytes)
      const buffer = new Uint8Array(Math.min(chunkBytes, source.bytes))
      let counted = 0
      for (let done = 0; done < source.bytes;) {
        const chunk = buffer.subarray(0, Math.min(buffer.length, source.bytes - done))
        file.readInto(source.offsetBytes + done, chunk)
        if (swapped) swapWords(chunk, swapped)
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

function layoutOf(source: TensorSource): Pick<StoredType, 'blockBytes' | 'words'> {
  const decoder = storedType(source.type)
  if (decoder) return decoder
  const type = typeByName(source.type)
  if (type?.kind === 'integer') {
    const width = type.blockBytes as 1 | 2 | 4 | 8
    return { blockBytes: width, words: { width, offsets: [0] } }
  }
  throw new QuantaloupeError('BYTE_ORDER', `${source.type} cannot be turned from big to little endian`, {
    place: source.name,
    remedy: 'Use a little-endian copy of this model.',
  })
}
