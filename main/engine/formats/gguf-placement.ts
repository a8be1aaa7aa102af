import { countOf } from './wording.ts'
import { typeById } from '../tensor/type-geometry.ts'
import type { ByteReader } from './byte-reader.ts'
import type { Finding } from './model.ts'
import type { TensorInfo } from './gguf-tensors.ts'

/** A tensor with its place in the file. */
export interface PlacedTensor extends TensorInfo {
  /** Absolute. */
  readonly offsetBytes: number
  readonly bytes: number
}

export function padTo(alignment: number, position: number): number {
  return Math.ceil(position / alignment) * alignment
}

/** Bytes of whole rows of a known type; exact even where a number is not. */
function bytesOf(info: TensorInfo): bigint | null {
  const type = typeById(info.typeId)
  if (type === undefined) return null
  const elements = info.shape.reduce((product, size) => product * BigInt(size), 1n)
  return (elements / BigInt(type.blockSize)) * BigInt(type.blockBytes)
}

/**
 * Gives every tensor its place and checks that it is aligned, inside the file and clear of its neighbours.
 *
 * Tensors of unknown types reach to the next offset. Legal but unusual placement (gaps, another order than the
 * listing), which llama.cpp refuses, becomes a warning.
 *
 * @param dataStart absolute offset of the data section
 * @returns in listing order
 */
export function placeTensors(
  reader: ByteReader,
  infos: readonly TensorInfo[],
  dataStart: number,
  alignment: number,
  warnings: Finding[],
): PlacedTensor[] {
  const dataBytes = Math.max(0, reader.end - dataStart)
  for (const info of infos) checkStart(reader, info, dataBytes, alignment)
  const nextOffset = nextOffsets(infos, dataBytes)
  const placed = infos.map((info) => {
    const bytes = bytesOf(info) ?? BigInt((nextOffset.get(info.offset) ?? dataBytes) - info.offset)
    if (BigInt(info.offset) + bytes > BigInt(dataBytes)) throw outside(reader, info, bytes, dataBytes)
    return { ...info, offsetBytes: dataStart + info.offset, bytes: Number(bytes) }
  })
  checkOverlap(reader, placed)
  warnings.push(...placementFindings(placed, dataStart, alignment, reader.end))
  return placed
}

function checkStart(reader: ByteReader, info: TensorInfo, dataBytes: number, alignment: number): void {
  if (info.offset % alignment !== 0) {
    const message = `The offset ${info.offset} of ${info.name} is not aligned`
    throw reader.error('TENSOR_MISALIGNED', message, info.infoOffset, `a multiple of ${alignment}`)
  }
  if (info.offset > dataBytes) throw outside(reader, info, bytesOf(info) ?? 0n, dataBytes)
}

function outside(reader: ByteReader, info: TensorInfo, bytes: bigint, dataBytes: number) {
  const message = `${info.name} has ${countOf(bytes, 'byte')} at ${info.offset} of a data section of ${countOf(dataBytes, 'byte')}`
  return reader.error('TENSOR_OUTSIDE', message, info.infoOffset, 'a tensor inside the file', {
    remedy: 'The file is cut off or damaged: copy or download it again.',
  })
}

/** From each offset to the next larger one. */
function nextOffsets(infos: readonly TensorInfo[], dataBytes: number): Map<number, number> {
  const sorted = [...new Set(infos.map((info) => info.offset))].sort((a, b) => a - b)
  return new Map(sorted.map((offset, index) => [offset, sorted[index + 1] ?? dataBytes]))
}

function checkOverlap(reader: ByteReader, placed: readonly PlacedTensor[]): void {
  const sorted = placed.filter((tensor) => tensor.bytes > 0).sort((a, b) => a.offsetBytes - b.offsetBytes)
  sorted.reduce<PlacedTensor | undefined>((before, tensor) => {
    if (before !== undefined && before.offsetBytes + before.bytes > tensor.offsetBytes) {
      const message = `${tensor.name} begins inside ${before.name}`
      throw reader.error('TENSOR_OVERLAP', message, tensor.infoOffset, 'tensors that do not share bytes')
    }
    return tensor
  }, undefined)
}

/** llama.cpp wants each offset to be the running sum of the padded sizes before it. */
function placementFindings(
  placed: readonly PlacedTensor[],
  dataStart: number,
  alignment: number,
  fileBytes: number,
): Finding[] {
  const findings: Finding[] = []
  let expected = dataStart
  for (const tensor of placed) {
    if (tensor.offsetBytes !== expected && findings.length === 0) {
      const message = `${tensor.name} is not right behind the tensor listed before it: llama.cpp refuses such files`
      findings.push({ code: 'TENSOR_ORDER', message, tensor: tensor.name })
    }
    expected = padTo(alignment, tensor.offsetBytes + tensor.bytes)
  }
  const dataEnd = placed.reduce((end, tensor) => Math.max(end, tensor.offsetBytes + tensor.bytes), dataStart)
  const trailing = fileBytes - padTo(alignment, dataEnd)
  if (trailing > 0) {
    findings.push({ code: 'TRAILING_BYTES', message: `${countOf(trailing, 'byte')} behind the last tensor` })
  }
  return findings
}
