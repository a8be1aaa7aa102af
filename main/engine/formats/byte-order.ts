import { VALUE_BYTES, VALUE_TYPES } from './gguf-values.ts'
import type { ValueType } from './gguf-values.ts'

/**
 * Turns one metadata entry from big to little endian, in place.
 *
 * @param entry key, type and value as stored; checked when the file was opened
 */
export function swapMetadataEntry(entry: Uint8Array): void {
  const cursor = new SwapCursor(entry)
  cursor.passText()
  swapValue(cursor, cursor.swapType())
  if (cursor.position !== entry.length)
    throw new RangeError('A metadata entry has another length than when it was read')
}

function swapValue(cursor: SwapCursor, type: ValueType): void {
  if (type === 'string') return cursor.passText()
  if (type !== 'array') return cursor.swapMany(1, VALUE_BYTES[type])
  const elementType = cursor.swapType()
  const length = cursor.swapSize()
  if (elementType !== 'string' && elementType !== 'array')
    return cursor.swapMany(length, VALUE_BYTES[elementType])
  for (let index = 0; index < length; index++) swapValue(cursor, elementType)
}

/** Walks a buffer, returning what it swaps. */
class SwapCursor {
  position = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  swapMany(count: number, width: number): void {
    const end = this.position + count * width
    for (let start = this.position; width > 1 && start < end; start += width) {
      this.#bytes.subarray(start, start + width).reverse()
    }
    this.position = end
  }

  swapType(): ValueType {
    const type = VALUE_TYPES[this.#view.getUint32(this.position)]
    if (type === undefined) throw new RangeError('A metadata entry has another type than when it was read')
    this.swapMany(1, 4)
    return type
  }

  swapSize(): number {
    const size = Number(this.#view.getBigUint64(this.position))
    this.swapMany(1, 8)
    return size
  }

  passText(): void {
    const length = this.swapSize()
    this.position += length
  }
}
