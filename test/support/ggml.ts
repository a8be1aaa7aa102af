import { existsSync } from 'node:fs'
import { join } from 'node:path'
import koffi from 'koffi'
import { ROOT } from './imports.ts'

/** ggml's own quantizers, from the library inside the node-llama-cpp package. */
export interface Ggml {
  readonly path: string
  /** Builds the tables of a type, which takes seconds for some; otherwise its first quantization does. */
  prepare(id: number): void
  requiresImportance(id: number): boolean
  /** Quantizes rows of `rowLength` weights; importance is one vector for all rows. */
  quantize(
    id: number,
    weights: Float32Array,
    rowLength: number,
    importance: Float32Array | null,
    bytes: number,
  ): Uint8Array
  /** As `quantize`, into memory that is there already. */
  quantizeInto(
    id: number,
    weights: Float32Array,
    rowLength: number,
    importance: Float32Array | null,
    out: Uint8Array,
  ): void
  dequantize(name: string, bytes: Uint8Array, count: number): Float32Array
  dequantizeInto(name: string, bytes: Uint8Array, out: Float32Array): void
}

/** A function of the library; koffi does not know its types. */
type Call<Result> = (...given: unknown[]) => Result

/** Decoders that are not called `dequantize_row_` and the name of the type. */
const DECODERS: Record<string, string> = { F16: 'ggml_fp16_to_fp32_row', BF16: 'ggml_bf16_to_fp32_row' }

/** `Q4_K` is `dequantize_row_q4_K`, `IQ2_XXS` is `dequantize_row_iq2_xxs`. */
function decoderSymbol(name: string): string {
  return DECODERS[name] ?? `dequantize_row_${name.toLowerCase().replace(/_k$/, '_K')}`
}

let loaded: Ggml | undefined

/**
 * Undefined where the package brings no library for this platform. Loaded once: the library aborts when it is loaded again
 * after koffi let go of it.
 */
export function loadGgml(): Ggml | undefined {
  loaded ??= openGgml()
  return loaded
}

function openGgml(): Ggml | undefined {
  const path = libraryPath('ggml-base')
  if (path === undefined) return undefined
  const library = koffi.load(path)
  const chunk = library.func(
    'size_t ggml_quantize_chunk(int type, float *src, _Out_ uint8_t *dst, int64_t start, int64_t nrows, int64_t n_per_row, float *imatrix)',
  ) as Call<number>
  const prepare = library.func('void ggml_quantize_init(int type)') as Call<void>
  const requires = library.func('bool ggml_quantize_requires_imatrix(int type)') as Call<boolean>
  const decoders = new Map<string, Call<void>>()
  const decoder = (name: string): Call<void> => {
    const symbol = decoderSymbol(name)
    const known = decoders.get(symbol)
    const found =
      known ?? (library.func(`void ${symbol}(uint8_t *x, _Out_ float *y, int64_t k)`) as Call<void>)
    decoders.set(symbol, found)
    return found
  }
  const ggml: Ggml = {
    path,
    prepare,
    requiresImportance: requires,
    quantize(id, weights, rowLength, importance, bytes) {
      const out = new Uint8Array(bytes)
      ggml.quantizeInto(id, weights, rowLength, importance, out)
      return out
    },
    quantizeInto(id, weights, rowLength, importance, out) {
      chunk(id, weights, out, 0, weights.length / rowLength, rowLength, importance)
    },
    dequantize(name, bytes, count) {
      const out = new Float32Array(count)
      ggml.dequantizeInto(name, bytes, out)
      return out
    },
    dequantizeInto(name, bytes, out) {
      decoder(name)(bytes, out, out.length)
    },
  }
  return ggml
}

/**
 * Where the package keeps a library of llama.cpp (`ggml-base`, `llama`), undefined where it brings none.
 * Packages of several architectures can be installed side by side.
 */
export function libraryPath(library: string): string | undefined {
  const system = { linux: 'linux', darwin: 'mac', win32: 'win' }[process.platform as string]
  if (system === undefined) return undefined
  const suffix = system === 'mac' && process.arch === 'arm64' ? '-metal' : ''
  const name = `${system}-${process.arch}${suffix}`
  const folder = join(ROOT, 'node_modules/@node-llama-cpp', name, 'bins', name)
  return [`lib${library}.so`, `lib${library}.v0.5.0.so`, `lib${library}.dylib`, `${library}.dll`]
    .map((file) => join(folder, file))
    .find((path) => existsSync(path))
}
