import { QuantaloupeError } from '../../engine/errors.ts'
import type { Kernels } from '../../engine/kernels/kernels.ts'
import { accumulateRows, SUM } from '../../engine/metrics/accumulate.ts'
import { columnBandStarts } from '../../engine/metrics/row-bands.ts'
import { encodedBytes } from '../../engine/quantizers/format.ts'
import type { Format, Method } from '../../engine/quantizers/format.ts'
import { formatByName } from '../../engine/quantizers/registry.ts'
import type { TaskResults, TensorSource, TwinTask } from '../protocol.ts'
import { importanceVectors } from './importance.ts'
import { OutputFile } from './output-file.ts'
import { refuseNonFinite, refuseOverflow } from './refusals.ts'
import type { PlacedRows } from './refusals.ts'
import { rowChunks } from './row-chunks.ts'
import { stepper, withRows } from './source.ts'
import { targetFormat } from './target-format.ts'

const CHUNK_WEIGHTS = 32768

/**
 * Writes the quantized-dequantized twin of rows, in the type they are stored in, at their place in a copy of the file.
 *
 * The sums compare the source with the twin as it is stored: what the stored type rounds off belongs to it.
 *
 * @throws QuantaloupeError `SOURCE_QUANTIZED`, `NON_FINITE_WEIGHT`, `WEIGHT_OVERFLOW`
 */
export function twin(task: TwinTask): TaskResults['twin'] {
  const { source } = task
  const vectors = importanceVectors(task.importance, source)
  const step = stepper(task.control)
  return withRows(task, (reader, kernels) =>
    OutputFile.with(task.outputPath, (output) => {
      const { rowLength } = reader
      const { format, method } = targetFormat(task.target, rowLength)
      const maker = new TwinMaker(kernels, format, method, storedFormat(source), rowLength)
      const rowBytes = encodedBytes(maker.stored, rowLength)
      const chunkRows = Math.max(1, Math.floor(CHUNK_WEIGHTS / rowLength))
      for (const { firstRow, rows, importance } of rowChunks(source, task, vectors, chunkRows)) {
        const place = { tensor: source.name, firstRow, rowLength }
        const weights = reader.read(firstRow, rows)
        refuseNonFinite(kernels, weights, place)
        const bytes = maker.make(weights, importance, place)
        output.write(task.outputOffsetBytes + firstRow * rowBytes, bytes)
        step(weights.length)
      }
      return maker.sums
    }),
  )
}

function storedFormat(source: TensorSource): Format {
  const format = formatByName(source.type)
  if (format?.family === 'float') return format
  throw new QuantaloupeError('SOURCE_QUANTIZED', `${source.name} is stored as ${source.type}`, {
    place: source.name,
    expected: 'F32, F16 or BF16',
    remedy: 'Use the unquantized model.',
  })
}

/** Buffers and growing sums of one task. */
class TwinMaker {
  readonly stored: Format
  readonly #kernels: Kernels
  readonly #format: Format
  readonly #method: Method
  readonly #rowLength: number
  readonly #bandStarts: Uint32Array
  readonly #sums: Float64Array
  #blocks = new Uint8Array(0)
  #bytes = new Uint8Array(0)
  #quants = new Float32Array(0)

  constructor(kernels: Kernels, format: Format, method: Method, stored: Format, rowLength: number) {
    this.stored = stored
    this.#kernels = kernels
    this.#format = format
    this.#method = method
    this.#rowLength = rowLength
    this.#bandStarts = columnBandStarts(rowLength)
    this.#sums = new Float64Array(SUM.columnError2 + this.#bandStarts.length - 1)
  }

  /** The twin's stored bytes, valid until the next call. */
  make(weights: Float32Array, importance: Float32Array | null, place: PlacedRows): Uint8Array {
    this.#reserve(weights.length)
    const rowLength = this.#rowLength
    const blocks = this.#blocks.subarray(0, encodedBytes(this.#format, weights.length))
    const bytes = this.#bytes.subarray(0, encodedBytes(this.stored, weights.length))
    const quants = this.#quants.subarray(0, weights.length)
    this.#kernels.quantizeRows(this.#format, this.#method, weights, rowLength, importance, blocks)
    refuseOverflow(this.#format, blocks, place)
    this.#kernels.dequantizeRows(this.#format, blocks, quants)
    this.#kernels.quantizeRows(this.stored, 'reference', quants, rowLength, null, bytes)
    refuseOverflow(this.stored, bytes, place)
    this.#kernels.dequantizeRows(this.stored, bytes, quants)
    accumulateRows({ weights, quants, rowLength, importance, bandStarts: this.#bandStarts }, this.#sums)
    return bytes
  }

  get sums(): TaskResults['twin'] {
    const of = (name: keyof typeof SUM): number => this.#sums[SUM[name]] as number
    return {
      error2: of('error2'),
      weight2: of('weight2'),
      importanceError2: of('importanceError2'),
      importanceWeight2: of('importanceWeight2'),
    }
  }

  #reserve(weights: number): void {
    if (this.#quants.length >= weights) return
    this.#blocks = new Uint8Array(encodedBytes(this.#format, weights))
    this.#bytes = new Uint8Array(encodedBytes(this.stored, weights))
    this.#quants = new Float32Array(weights)
  }
}
