import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'

/**
 * Writes a llama-shaped GGUF of any size: layers of 4096 x 4096 F16 matrices, weights from a fixed pseudo-random block.
 *
 * The header is written here byte by byte, so that benchmarks do not depend on the writer they measure.
 */
export interface SyntheticModel {
  readonly path: string
  readonly bytes: number
  readonly weights: number
  /** Where the first matrix begins. */
  readonly dataOffset: number
}

export const SYNTHETIC_WIDTH = 4096
const F16 = 1
const ALIGNMENT = 32
const MATRIX_BYTES = SYNTHETIC_WIDTH * SYNTHETIC_WIDTH * 2
const ROLES = ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down', 'attn_gate']

export function writeSyntheticModel(
  path: string,
  bytes: number,
  options: { sparse?: boolean } = {},
): SyntheticModel {
  const count = Math.max(1, Math.floor(bytes / MATRIX_BYTES))
  const header = headerBytes(count)
  const total = header.length + count * MATRIX_BYTES
  const file = openSync(path, 'w')
  try {
    writeSync(file, header, 0, header.length, 0)
    if (options.sparse) ftruncateSync(file, total)
    else fill(file, header.length, count)
  } finally {
    closeSync(file)
  }
  return { path, bytes: total, weights: (count * MATRIX_BYTES) / 2, dataOffset: header.length }
}

function fill(file: number, offset: number, count: number): void {
  const halves = pseudoRandomHalves(MATRIX_BYTES / 2)
  const matrix = new Uint8Array(halves.buffer)
  for (let index = 0; index < count; index++) {
    // Equal matrices would be measured once and then found in the cache.
    halves[0] = index
    writeSync(file, matrix, 0, matrix.length, offset + index * MATRIX_BYTES)
  }
}

/** Halves with exponents around 2^-6 and both signs: sizes like those of real weights. */
function pseudoRandomHalves(count: number): Uint16Array {
  const halves = new Uint16Array(count)
  let state = 0x9e3779b9
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const exponent = 6 + ((state >>> 27) & 3)
    halves[index] = ((state >>> 16) & 0x8000) | (exponent << 10) | ((state >>> 8) & 0x3ff)
  }
  return halves
}

function headerBytes(count: number): Uint8Array {
  const parts: Buffer[] = [Buffer.from('GGUF'), u32(3), u64(count), u64(2)]
  parts.push(text('general.architecture'), u32(8), text('llama'))
  parts.push(text('llama.block_count'), u32(4), u32(Math.ceil(count / ROLES.length)))
  for (let index = 0; index < count; index++) {
    const name = `blk.${Math.floor(index / ROLES.length)}.${ROLES[index % ROLES.length]}.weight`
    parts.push(
      text(name),
      u32(2),
      u64(SYNTHETIC_WIDTH),
      u64(SYNTHETIC_WIDTH),
      u32(F16),
      u64(index * MATRIX_BYTES),
    )
  }
  const header = Buffer.concat(parts)
  const padding = (ALIGNMENT - (header.length % ALIGNMENT)) % ALIGNMENT
  return Buffer.concat([header, Buffer.alloc(padding)])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])
}
