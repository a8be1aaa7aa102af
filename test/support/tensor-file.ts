import { FileBytes } from '../../main/engine/formats/file-bytes.ts'
import type { TensorSource } from '../../main/workers/protocol.ts'
import type { TemporaryFolder } from './temporary-folder.ts'

interface Stored {
  readonly type: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
  readonly littleEndian?: boolean
}

/** Bytes in front of the tensor, so that a forgotten offset is noticed. */
const LEAD = 64

let files = 0

/** Writes a file that holds one tensor behind some other bytes. */
export function tensorFile(folder: TemporaryFolder, stored: Stored): TensorSource {
  const { type, shape, bytes, littleEndian = true } = stored
  files += 1
  const path = folder.write(`tensor-${files}.bin`, Buffer.concat([Buffer.alloc(LEAD, 0xaa), bytes]))
  const file = FileBytes.with(path, (opened) => opened.identify())
  const name = 'blk.0.test.weight'
  return { name, file, type, shape, offsetBytes: LEAD, bytes: bytes.length, littleEndian }
}

export function floatTensorFile(
  folder: TemporaryFolder,
  shape: readonly number[],
  weights: Float32Array,
): TensorSource {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength)
  return tensorFile(folder, { type: 'F32', shape, bytes })
}
