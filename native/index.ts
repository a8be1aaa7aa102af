/**
 * The door to the addon: finds it and loads it.
 *
 * Imports nothing of the project; `main/engine/kernels` is its only user.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

/** A type that has kernels; its place in {@link NativeAddon.formats} is the `format` of every call. */
export interface NativeFormat {
  /** As in the registry of `main/engine/quantizers`. */
  readonly name: string
  readonly blockSize: number
  readonly blockBytes: number
  /** How it can be quantized, by names of {@link NativeAddon.methods}; none where there is a decoder only. */
  readonly methods: readonly string[]
}

/**
 * The kernels of one instruction set. Same bytes and numbers for every one of them.
 *
 * Arguments are checked again: what does not fit throws a TypeError or RangeError and nothing is touched.
 * Arrays may lie in shared memory, as long as nobody else writes to them meanwhile.
 */
export interface NativeKernels {
  /** `baseline`, `avx2`, `avx512` or `neon`. */
  readonly target: string

  /**
   * @param method     a place in {@link NativeAddon.methods}, one that the format has
   * @param weights    f32[rows * rowLength], finite
   * @param importance f32[rowLength], for every row; null for none
   * @param out        u8, whole rows of blocks
   */
  quantize(
    format: number,
    method: number,
    weights: Float32Array,
    rowLength: number,
    importance: Float32Array | null,
    out: Uint8Array,
  ): void

  /** @param out f32, as many weights as the blocks hold */
  dequantize(format: number, bytes: Uint8Array, out: Float32Array): void

  /**
   * Quantizes, dequantizes and adds to the sums, a row after the other.
   *
   * @param bytes      u8, as `out` of `quantize`; overwritten
   * @param quants     f32[weights.length]; overwritten
   * @param skipped    places in `weights` that stand for non-finite values: 0 here, and counted as quantized to 0
   * @param bandStarts u32[bands + 1], from 0 to rowLength
   * @param sums       f64[9 + bands], in the order of `enum Sum` in `src/target.h`
   */
  measure(
    format: number,
    method: number,
    weights: Float32Array,
    rowLength: number,
    importance: Float32Array | null,
    bytes: Uint8Array,
    quants: Float32Array,
    skipped: Uint32Array,
    bandStarts: Uint32Array,
    sums: Float64Array,
  ): void

  /** Place of the first NaN or infinity, -1 if all are finite. */
  findNonFinite(values: Float32Array): number

  /**
   * @param rows  f64[count * n]
   * @param S     f64[n * n], its upper triangle is read
   * @param forms f64[count], receives x S x^T of every row x
   */
  quadraticForms(rows: Float64Array, n: number, S: Float64Array, forms: Float64Array): void
}

export interface NativeAddon {
  /** Instruction sets that this machine can run, best first. */
  readonly targets: readonly string[]
  /** Names of methods; a place in this list is the `method` of a call. */
  readonly methods: readonly string[]
  readonly formats: readonly NativeFormat[]
  /** @throws RangeError for a target that is not in `targets` */
  kernels(target: string): NativeKernels
}

/** Of `src/addon/addon.cc`. */
const INTERFACE_VERSION = 2

const ADDON = ['native', 'build', 'Release', 'quantaloupe.node']

/** Null: there is none. */
let loaded: NativeAddon | null | undefined

/** The addon, undefined where it is not built (or for another version of these sources, which is warned of). */
export function loadAddon(): NativeAddon | undefined {
  if (loaded === undefined) loaded = openAddon(join(packageFolder(), ...ADDON))
  return loaded ?? undefined
}

function openAddon(path: string): NativeAddon | null {
  if (!existsSync(path)) return null
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon & { readonly version: number }
    if (addon.version === INTERFACE_VERSION) return addon
    warn('is older than its sources')
  } catch (error) {
    warn(`cannot be loaded (${error instanceof Error ? error.message : String(error)})`)
  }
  return null
}

/** Once, not in every worker thread. */
function warn(problem: string): void {
  if (!isMainThread) return
  process.emitWarning(`The native addon ${problem}; run "npm run build:native". TypeScript is used instead.`)
}

/** These lines run from `native/`, or bundled from `out/main/`: the package is the first folder up with a manifest. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}
