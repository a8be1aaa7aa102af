import type { Kernels } from '../kernels/kernels.ts'
import { encodedBytes, type Format, type Method } from '../quantizers/format.ts'
import type { RowReader } from '../tensor/row-reader.ts'
import { rowsPerExpert } from '../tensor/tensor.ts'
import { accumulateImportance, accumulateRow, emptySums } from './accumulate.ts'
import type { ErrorSums } from './error-sums.ts'
import { clearNonFinite } from './non-finite.ts'
import { quadraticForms } from './quadratic-form.ts'
import { columnBands, type RowRun } from './row-bands.ts'
import { sampledRuns } from './sampling.ts'

/** What a band is measured against. */
export interface BandTarget {
  /** Its block divides the row length. */
  readonly format: Format
  readonly method: Method
}

export interface BandMeasurement {
  readonly reader: RowReader
  readonly kernels: Kernels
  readonly band: RowRun
  /** Fraction of the tensor's rows, 1 for all. */
  readonly sample: number
  readonly targets: readonly BandTarget[]
  /** f32, one vector of `ne[0]` for all rows or one per expert slice. */
  readonly importance: Float32Array | null
  /** f64[ne[0], ne[0]], symmetric. */
  readonly covariance: Float64Array | null
  /** Called after every chunk and target with the weights done; may throw to stop. */
  readonly step: (weights: number) => void
  /** Weights decoded at a time, at least a row; changes nothing but speed. */
  readonly chunkWeights?: number
}

/** A chunk's weights, quants and blocks stay in the second-level cache together. */
const CHUNK_WEIGHTS = 16384

/**
 * Measures one band of one tensor against all targets in one pass over its weights.
 *
 * @returns one entry per target, in order
 * @throws QuantaloupeError as `RowReader.read`; whatever `step` throws
 */
export function measureBand(measurement: BandMeasurement): ErrorSums[] {
  const { reader, band, sample, targets } = measurement
  const columns = columnBands(reader.rowLength)
  const pass = new BandPass(measurement, columns)
  const sums = targets.map(() => emptySums(band.rows, columns.length))
  for (const run of sampledRuns(band, reader.rows, sample)) {
    for (const chunk of pass.chunks(run)) pass.measure(chunk, sums)
  }
  return sums
}

type Columns = readonly (readonly [number, number])[]

/** Buffers and fixed facts of one call of {@link measureBand}. */
class BandPass {
  readonly #given: BandMeasurement
  readonly #columns: Columns
  readonly #chunkRows: number
  readonly #expertRows: number
  #quants = new Float32Array(0)
  #bytes = new Uint8Array(0)
  #errors = new Float64Array(0)

  constructor(given: BandMeasurement, columns: Columns) {
    const { reader, importance, chunkWeights = CHUNK_WEIGHTS } = given
    this.#given = given
    this.#columns = columns
    this.#chunkRows = Math.max(1, Math.floor(chunkWeights / reader.rowLength))
    const perExpert = importance !== null && importance.length > reader.rowLength
    this.#expertRows = perExpert ? rowsPerExpert(reader.source) : Infinity
  }

  /** Cuts a run into chunks that lie in one expert slice each. */
  *chunks(run: RowRun): Generator<RowRun> {
    const end = run.firstRow + run.rows
    for (let row = run.firstRow; row < end;) {
      const sliceEnd = (Math.floor(row / this.#expertRows) + 1) * this.#expertRows
      const rows = Math.min(this.#chunkRows, end - row, sliceEnd - row)
      yield { firstRow: row, rows }
      row += rows
    }
  }

  measure(chunk: RowRun, sums: readonly ErrorSums[]): void {
    const { reader, targets, step } = this.#given
    const weights = reader.read(chunk.firstRow, chunk.rows)
    const skipped = clearNonFinite(weights)
    const importance = this.#importanceOf(chunk.firstRow)
    const outputWeight2 = this.#outputEnergy(weights, null)
    for (const [index, target] of targets.entries()) {
      const quants = this.#roundTrip(target, weights, importance)
      for (const place of skipped) quants[place] = 0
      const entry = sums[index] as ErrorSums
      this.#accumulate(entry, weights, quants, importance)
      this.#leaveOut(entry, skipped)
      addInOrder(entry, 'outputWeight2', outputWeight2)
      addInOrder(entry, 'outputError2', this.#outputEnergy(weights, quants))
      step(weights.length)
    }
  }

  #importanceOf(row: number): Float32Array | null {
    const { importance, reader } = this.#given
    if (importance === null) return null
    const start = Math.floor(row / this.#expertRows) * reader.rowLength
    return importance.subarray(start, start + reader.rowLength)
  }

  #roundTrip(target: BandTarget, weights: Float32Array, importance: Float32Array | null): Float32Array {
    const { kernels, reader } = this.#given
    const size = encodedBytes(target.format, weights.length)
    if (this.#bytes.length < size) this.#bytes = new Uint8Array(size)
    if (this.#quants.length < weights.length) this.#quants = new Float32Array(weights.length)
    const bytes = this.#bytes.subarray(0, size)
    const quants = this.#quants.subarray(0, weights.length)
    kernels.quantizeRows(target.format, target.method, weights, reader.rowLength, importance, bytes)
    kernels.dequantizeRows(target.format, bytes, quants)
    return quants
  }

  #accumulate(
    sums: ErrorSums,
    weights: Float32Array,
    quants: Float32Array,
    importance: Float32Array | null,
  ): void {
    const length = this.#given.reader.rowLength
    for (let at = 0; at < weights.length; at += length) {
      accumulateRow(sums, weights, quants, at, this.#columns)
      if (importance !== null) accumulateImportance(sums, weights, quants, at, importance)
    }
  }

  /** Takes non-finite weights out of the counts; in the sums they are zeros already. */
  #leaveOut(sums: ErrorSums, skipped: readonly number[]): void {
    const length = this.#given.reader.rowLength
    sums.nonFinite += skipped.length
    for (const place of skipped) {
      const band = this.#columns.findIndex(([, end]) => place % length < end)
      sums.columnWeights[band] = (sums.columnWeights[band] as number) - 1
    }
    sums.weights = sums.rows * length - sums.nonFinite
  }

  /** Per row w S w^T, or (q - w) S (q - w)^T when quants are given; empty without covariance. */
  #outputEnergy(weights: Float32Array, quants: Float32Array | null): Float64Array {
    const { covariance, reader } = this.#given
    if (covariance === null) return NO_ENERGY
    if (this.#errors.length !== weights.length) this.#errors = new Float64Array(weights.length)
    const values = this.#errors
    if (quants === null) values.set(weights)
    else for (let i = 0; i < values.length; i += 1) values[i] = (quants[i] as number) - (weights[i] as number)
    return quadraticForms(values, reader.rowLength, covariance)
  }
}

const NO_ENERGY = new Float64Array(0)

function addInOrder(sums: ErrorSums, key: 'outputError2' | 'outputWeight2', terms: Float64Array): void {
  for (const term of terms) sums[key] += term
}
