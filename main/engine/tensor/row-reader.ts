import { QuantaloupeError } from '../errors.ts'
import type { FileBytes } from '../formats/file-bytes.ts'
import type { Kernels } from '../kernels/kernels.ts'
import { encodedBytes, type StoredType } from '../quantizers/format.ts'
import { storedType } from '../quantizers/registry.ts'
import { swapWords } from './swap-words.ts'
import { rowCount, rowLength, type Tensor } from './tensor.ts'

/** What is needed to find and decode a tensor's rows. */
export interface RowSource extends Pick<Tensor, 'name' | 'type' | 'shape' | 'offsetBytes'> {
  readonly littleEndian: boolean
}

/** Decodes runs of whole rows of one tensor into a buffer that every read reuses. */
export class RowReader {
  readonly source: RowSource
  readonly rowLength: number
  readonly rows: number
  readonly #file: FileBytes
  readonly #kernels: Kernels
  readonly #type: StoredType
  readonly #rowBytes: number
  #bytes = new Uint8Array(0)
  #weights = new Float32Array(0)

  /** @throws QuantaloupeError `TYPE_NOT_DECODABLE` */
  constructor(file: FileBytes, source: RowSource, kernels: Kernels) {
    this.source = source
    this.rowLength = rowLength(source)
    this.rows = rowCount(source)
    this.#file = file
    this.#kernels = kernels
    this.#type = decodableType(source)
    this.#rowBytes = encodedBytes(this.#type, this.rowLength)
  }

  /**
   * Rows `first ... first + count - 1` as f32[count * rowLength], valid until the next read.
   *
   * @throws QuantaloupeError as `FileBytes.readInto`
   */
  read(first: number, count: number): Float32Array {
    this.#reserve(count)
    const bytes = this.#bytes.subarray(0, count * this.#rowBytes)
    const weights = this.#weights.subarray(0, count * this.rowLength)
    this.#file.readInto(this.source.offsetBytes + first * this.#rowBytes, bytes)
    if (!this.source.littleEndian) swapWords(bytes, this.#type)
    this.#kernels.dequantizeRows(this.#type, bytes, weights)
    return weights
  }

  #reserve(count: number): void {
    if (this.#weights.length >= count * this.rowLength) return
    this.#bytes = new Uint8Array(count * this.#rowBytes)
    this.#weights = new Float32Array(count * this.rowLength)
  }
}

function decodableType(source: RowSource): StoredType {
  const type = storedType(source.type)
  if (type && rowLength(source) % type.blockSize === 0) return type
  throw new QuantaloupeError('TYPE_NOT_DECODABLE', `Weights of type ${source.type} cannot be decoded`, {
    place: source.name,
    remedy: 'Leave this tensor out.',
  })
}
