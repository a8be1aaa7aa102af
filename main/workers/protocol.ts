/**
 * What services send to a worker thread, and what comes back. Plain data and shared buffers only.
 *
 * One task covers a whole number of row bands of one tensor, so that sums do not depend on the number of threads.
 */
import type { ErrorData } from '../engine/errors.ts'
import type { ModelFile } from '../engine/formats/model.ts'
import type { ErrorSums } from '../engine/metrics/error-sums.ts'
import type { Histogram } from '../engine/metrics/histogram.ts'
import type { Method } from '../engine/quantizers/format.ts'
import type { ExploredGroup } from '../engine/rounding/explore-row.ts'

/** Where a tensor's bytes are. */
export interface TensorSource {
  readonly name: string
  readonly file: ModelFile
  readonly type: string
  readonly shape: readonly number[]
  readonly offsetBytes: number
  readonly bytes: number
  readonly littleEndian: boolean
}

export interface MeasureTarget {
  /** Effective format: its block divides the row length. */
  readonly format: string
  readonly method: Method
}

/** f32 vectors shared with the worker: `values` holds one vector of `ne[0]` per expert slice (or one for all). */
export interface SharedImportance {
  readonly values: SharedArrayBuffer
}

/** f64 [ne[0], ne[0]], symmetric. */
export interface SharedCovariance {
  readonly values: SharedArrayBuffer
}

interface TaskBase {
  readonly source: TensorSource
  /** See `main/workers/control.ts`: run, pause, cancel; and the count of finished weights. */
  readonly control: SharedArrayBuffer
  readonly useNative: boolean
}

/** SHA-256 over type, shape and stored bytes. */
export interface FingerprintTask extends TaskBase {
  readonly kind: 'fingerprint'
}

export interface MeasureTask extends TaskBase {
  readonly kind: 'measure'
  /** Which of the tensor's row bands (see `rowBands` in `engine/metrics`). */
  readonly band: number
  /** Fraction of the band's rows, 1 for all. */
  readonly sample: number
  readonly targets: readonly MeasureTarget[]
  readonly importance: SharedImportance | null
  readonly covariance: SharedCovariance | null
}

export interface HistogramTask extends TaskBase {
  readonly kind: 'histogram'
  readonly bins: number
  readonly sample: number
}

/** Quantizes rows and writes them at their place in an existing file. */
export interface QuantizeTask extends TaskBase {
  readonly kind: 'quantize'
  readonly firstRow: number
  readonly rows: number
  readonly target: MeasureTarget
  readonly importance: SharedImportance | null
  readonly outputPath: string
  /** Where row 0 of the tensor begins in the output. */
  readonly outputOffsetBytes: number
}

/**
 * Writes the quantized-dequantized twin of rows, in the type the source is stored in, at their place in a copy of its
 * file.
 */
export interface TwinTask extends Omit<QuantizeTask, 'kind'> {
  readonly kind: 'twin'
}

/** Of the twin against its source; the sums of `ErrorSums`, over the rows of the task. */
export type TwinSums = Pick<ErrorSums, 'error2' | 'weight2' | 'importanceError2' | 'importanceWeight2'>

/** Copies stored bytes into an existing file: unchanged, or turned to little endian. */
export interface CopyTask extends TaskBase {
  readonly kind: 'copy'
  readonly outputPath: string
  readonly outputOffsetBytes: number
}

/** Compares rows of two tensors of one shape. */
export interface CompareTask extends TaskBase {
  readonly kind: 'compare'
  readonly other: TensorSource
  readonly firstRow: number
  readonly rows: number
}

/** Looks for the first weight that is NaN or infinite. */
export interface LocateTask extends TaskBase {
  readonly kind: 'locate'
}

/** Rounds one row by the reference and by another method, and looks into a group of weights that share a scale. */
export interface ExploreTask extends TaskBase {
  readonly kind: 'explore'
  readonly row: number
  /** Place in the row; null for the group where the method gains most. */
  readonly group: number | null
  readonly target: MeasureTarget
  readonly importance: SharedImportance | null
}

export type Task =
  | FingerprintTask
  | MeasureTask
  | HistogramTask
  | QuantizeTask
  | TwinTask
  | CopyTask
  | CompareTask
  | LocateTask
  | ExploreTask

export interface TaskResults {
  fingerprint: string
  /** One entry per target, in order. */
  measure: readonly ErrorSums[]
  histogram: Histogram
  /** Non-finite source weights are an error: `NON_FINITE_WEIGHT`. */
  quantize: { readonly writtenBytes: number }
  /** Sources that are no plain floats are an error: `SOURCE_QUANTIZED`. */
  twin: TwinSums
  copy: { readonly writtenBytes: number }
  /** sum (b - a)^2 and sum a^2 over weights that are finite in both, and the count of the others. */
  compare: { readonly difference2: number; readonly weight2: number; readonly nonFinite: number }
  /** Null where every weight is finite. `value` is text: `NaN`, `Infinity`, `-Infinity`. */
  locate: { readonly row: number; readonly column: number; readonly value: string } | null
  /** A row or group that is not there is an error: `OUT_OF_RANGE`. */
  explore: ExploredGroup
}

export type TaskReply<K extends Task['kind']> =
  { readonly ok: true; readonly value: TaskResults[K] } | { readonly ok: false; readonly error: ErrorData }
