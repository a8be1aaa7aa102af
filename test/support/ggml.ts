import { existsSync } from 'node:fs'
import { join } from 'node:path'
import koffi from 'koffi'
import { ROOT } from './imports.ts'

/** ggml's own quantizers, from the library inside the node-llama-cpp package. */
export interface Ggml {
  readonly path: string
  /** Quantizes rows of `rowLength` weights; importance is one vector for all rows. */
  quantize(
    id: number,
    weights: Float32Array,
    rowLength: number,
    importance: Float32Array | null,
    bytes: number,
  ): Uint8Array
  dequantize(name: string, bytes: Uint8Array, count: number): Float32Array
}

/** Decoders that are not called `dequantize_row_` and the name of the type. */
const DECODERS: Record<string, string> = { F16: 'ggml_fp16_to_fp32_row', BF16: 'ggml_bf16_to_fp32_row' }

/** Undefined where the package brings no library for this platform. */
export function loadGgml(): Ggml | undefined {
  const path = libraryPath()
  if (path === undefined) return undefined
  const library = koffi.load(path)
  const chunk = library.func(
    'size_t ggml_quantize_chunk(int type, float *src, _Out_ uint8_t *dst, int64_t start, int64_t nrows, int64_t n_per_row, float *imatrix)',
  ) as (...given: unknown[]) => number
  return {
    path,
    quantize(id, weights, rowLength, importance, bytes) {
      const out = new Uint8Array(bytes)
      chunk(id, weights, out, 0, weights.length / rowLength, rowLength, importance)
      return out
    },
    dequantize(name, bytes, count) {
      const symbol = DECODERS[name] ?? `dequantize_row_${name.replace(/^Q/, 'q')}`
      const decode = library.func(`void ${symbol}(uint8_t *x, _Out_ float *y, int64_t k)`) as (
        ...given: unknown[]
      ) => void
      const out = new Float32Array(count)
      decode(bytes, out, count)
      return out
    },
  }
}

/** Packages of several architectures can be installed side by side. */
function libraryPath(): string | undefined {
  const system = { linux: 'linux', darwin: 'mac', win32: 'win' }[process.platform as string]
  if (system === undefined) return undefined
  const suffix = system === 'mac' && process.arch === 'arm64' ? '-metal' : ''
  const name = `${system}-${process.arch}${suffix}`
  const folder = join(ROOT, 'node_modules/@node-llama-cpp', name, 'bins', name)
  return ['libggml-base.so', 'libggml-base.dylib', 'ggml-base.dll']
    .map((file) => join(folder, file))
    .find((path) => existsSync(path))
}
