import { LIMITS } from './limits.ts'
import { readStringLength } from './gguf-values.ts'
import { typeById } from '../tensor/type-geometry.ts'
import type { ByteReader } from './byte-reader.ts'

/** A tensor's entry in the header, as stored. */
export interface TensorInfo {
  readonly name: string
  readonly shape: readonly number[]
  readonly typeId: number
  /** Relative to the data section. */
  readonly offset: number
  /** Where the entry begins in the file. */
  readonly infoOffset: number
}

/** @throws QuantaloupeError `DUPLICATE_TENSOR` and what {@link readTensorInfo} throws */
export function readTensorInfos(reader: ByteReader, count: number): TensorInfo[] {
  const infos: TensorInfo[] = []
  const names = new Set<string>()
  for (let index = 0; index < count; index++) {
    const info = readTensorInfo(reader)
    if (names.has(info.name)) {
      const message = `The tensor ${info.name} occurs twice`
      throw reader.error('DUPLICATE_TENSOR', message, info.infoOffset, 'unique names')
    }
    names.add(info.name)
    infos.push(info)
  }
  return infos
}

function readTensorInfo(reader: ByteReader): TensorInfo {
  const infoOffset = reader.position
  const name = readTensorName(reader)
  const shape = readShape(reader, name)
  const at = reader.position
  const typeId = reader.u32(`the type of ${name}`)
  checkRowLength(reader, name, shape, typeId, at)
  const offset = reader.size(`the offset of ${name}`)
  return { name, shape, typeId, offset, infoOffset }
}

function readTensorName(reader: ByteReader): string {
  const at = reader.position
  const length = readStringLength(reader, 'a tensor name')
  if (length === 0 || length > LIMITS.tensorNameBytes) {
    const expected = `1 to ${LIMITS.tensorNameBytes} bytes`
    throw reader.error('BAD_TENSOR_NAME', `A tensor name has ${length} bytes`, at, expected)
  }
  return reader.nameText(length, 'tensor name')
}

function readShape(reader: ByteReader, name: string): number[] {
  const at = reader.position
  const dimensions = reader.u32(`the dimensions of ${name}`)
  if (dimensions > LIMITS.dimensions) {
    const expected = `at most ${LIMITS.dimensions}`
    throw reader.error('TOO_MANY_DIMENSIONS', `${name} has ${dimensions} dimensions`, at, expected)
  }
  const shape: number[] = []
  for (let index = 0; index < dimensions; index++) shape.push(reader.size(`a dimension of ${name}`))
  checkedProduct(reader, name, shape, at)
  return shape
}

/**
 * Refuses shapes whose element count is not exact in a number.
 *
 * A dimension of 0 counts as 1, so that no partial product overflows either.
 */
export function checkedProduct(reader: ByteReader, name: string, shape: readonly number[], at: number): void {
  const product = shape.reduce((total, size) => total * BigInt(Math.max(size, 1)), 1n)
  if (product <= BigInt(Number.MAX_SAFE_INTEGER)) return
  const message = `${name} would have ${product} elements`
  throw reader.error('TENSOR_TOO_LARGE', message, at, 'fewer than 2^53 elements')
}

function checkRowLength(
  reader: ByteReader,
  name: string,
  shape: readonly number[],
  id: number,
  at: number,
): void {
  const type = typeById(id)
  const length = shape[0] ?? 1
  if (type === undefined || length % type.blockSize === 0) return
  const expected = `a multiple of ${type.blockSize} for ${type.name}`
  throw reader.error('BAD_ROW_LENGTH', `The row length of ${name} is ${length}`, at, expected)
}
