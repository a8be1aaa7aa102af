import type { Kernels } from '../kernels/kernels.ts'
import { encodedBytes, type Format, type Method } from '../quantizers/format.ts'
import type { RowReader } from '../tensor/row-reader.ts'
import { rowsPerExpert } from '../tensor/tensor.ts'
import { SUM } from './accumulate.ts'
import { errorSums, type ErrorSums, type SourceCounts } from './error-sums.ts'
import { clearNonFinite } from './non-finite.ts'
import { columnBandStarts, type RowRun } from './row-bands.ts'
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

/** The covariance fits no cache: a chunk has enough rows to be worth reading all of it. */
const COVARIANCE_ROWS = 32

/**
 * Measures one band of one tensor against all targets in one pass over its weights.
 *
 * @returns one entry per target, in order
 * @throws QuantaloupeError as `RowReader.read` and `Kernels.measureRows`; whatever `step` throws
 */
export function measureBand(measurement: BandMeasurement): ErrorSums[] {
  const { reader, band, sample } = measurement
  const pass = new BandPass(measurement)
  for (const run of sampledRuns(band, reader.rows, sample)) {
    for (const chunk of pass.chunks(run)) pass.measure(chunk)
  }
  return pass.results()
}

function chunkRows({ reader, covariance, chunkWeights }: BandMeasurement): number {
  const rows = Math.max(1, Math.floor((chunkWeights ?? CHUNK_WEIGHTS) / reader.rowLength))
  return covariance === null || chunkWeights !== undefined ? rows : Math.max(rows, COVARIANCE_ROWS)
}

/** Sums of one target. */
interface TargetSums {
  readonly target: BandTarget
  /** As `SUM` orders them. */
  readonly sums: Float64Array
  outputError2: number
}

/** Buffers, fixed facts and growing sums of one call of {@link measureBand}. */
class BandPass {
  readonly #given: BandMeasurement
  readonly #bandStarts: Uint32Array
  readonly #chunkRows: number
  readonly #expertRows: number
  readonly #targets: readonly TargetSums[]
  #rows = 0
  #nonFinite = 0
  #outputWeight2 = 0
  /** Weights left out, per column band. */
  readonly #columnsSkipped: number[]
  #quants = new Float32Array(0)
  #bytes = new Uint8Array(0)
  #vectors = new Float64Array(0)
  #energies = new Float64Array(0)

  constructor(given: BandMeasurement) {
    const { reader, importance } = given
    const perExpert = importance !== null && importance.length > reader.rowLength
    this.#given = given
    this.#bandStarts = columnBandStarts(reader.rowLength)
    this.#chunkRows = chunkRows(given)
    this.#expertRows = perExpert ? rowsPerExpert(reader.source) : Infinity
    const bands = this.#bandStarts.length - 1
    this.#columnsSkipped = new Array<number>(bands).fill(0)
    this.#targets = given.targets.map((target) => ({
      target,
      sums: new Float64Array(SUM.columnError2 + bands),
      outputError2: 0,
    }))
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

  measure(chunk: RowRun): void {
    const { reader, kernels, step } = this.#given
    const weights = reader.read(chunk.firstRow, chunk.rows)
    const skipped = clearNonFinite(weights, kernels.findNonFinite(weights))
    const importance = this.#importanceOf(chunk.firstRow)
    this.#count(chunk.rows, skipped)
    this.#outputWeight2 = this.#addEnergies(this.#outputWeight2, weights, null)
    for (const entry of this.#targets) {
      const quants = this.#compare(entry, weights, importance, skipped)
      entry.outputError2 = this.#addEnergies(entry.outputError2, weights, quants)
      step(weights.length)
    }
  }

  results(): ErrorSums[] {
    const { reader, band } = this.#given
    const counts: SourceCounts = {
      rows: this.#rows,
      bandRows: band.rows,
      weights: this.#rows * reader.rowLength - this.#nonFinite,
      nonFinite: this.#nonFinite,
      outputWeight2: this.#outputWeight2,
      columnWeights: this.#columnsSkipped.map((count, i) => this.#rows * this.#bandWidth(i) - count),
    }
    return this.#targets.map(({ sums, outputError2 }) => errorSums(sums, counts, outputError2))
  }

  #bandWidth(band: number): number {
    return (this.#bandStarts[band + 1] as number) - (this.#bandStarts[band] as number)
  }

  #importanceOf(row: number): Float32Array | null {
    const { importance, reader } = this.#given
    if (importance === null) return null
    const start = Math.floor(row / this.#expertRows) * reader.rowLength
    return importance.subarray(start, start + reader.rowLength)
  }

  /** Counts rows and what is left out of them; in the sums non-finite weights are zeros already. */
  #count(rows: number, skipped: Uint32Array): void {
    const { rowLength } = this.#given.reader
    this.#rows += rows
    this.#nonFinite += skipped.length
    for (const place of skipped) {
      const band = this.#bandStarts.findIndex((start) => place % rowLength < start) - 1
      this.#columnsSkipped[band] = (this.#columnsSkipped[band] as number) + 1
    }
  }

  /** Adds to the target's sums and returns what became of the weights. */
  #compare(
    { target, sums }: TargetSums,
    weights: Float32Array,
    importance: Float32Array | null,
    skipped: Uint32Array,
  ): Float32Array {
    const { kernels, reader } = this.#given
    const size = encodedBytes(target.format, weights.length)
    if (this.#bytes.length < size) this.#bytes = new Uint8Array(size)
    if (this.#quants.length < weights.length) this.#quants = new Float32Array(weights.length)
    const bytes = this.#bytes.subarray(0, size)
    const quants = this.#quants.subarray(0, weights.length)
    const { rowLength } = reader
    const rows = { weights, rowLength, importance, skipped, bandStarts: this.#bandStarts, bytes, quants }
    kernels.measureRows(target.format, target.method, rows, sums)
    return quants
  }

  /** Adds w S w^T of every row, or (q - w) S (q - w)^T when quants are given; nothing without covariance. */
  #addEnergies(sum: number, weights: Float32Array, quants: Float32Array | null): number {
    const { covariance, reader, kernels } = this.#given
    if (covariance === null) return 0
    if (this.#vectors.length !== weights.length) this.#vectors = new Float64Array(weights.length)
    const count = weights.length / reader.rowLength
    if (this.#energies.length !== count) this.#energies = new Float64Array(count)
    const vectors = this.#vectors
    if (quants === null) vectors.set(weights)
    else
      for (let i = 0; i < vectors.length; i += 1) vectors[i] = (quants[i] as number) - (weights[i] as number)
    kernels.quadraticForms(vectors, reader.rowLength, covariance, this.#energies)
    return this.#energies.reduce((total, energy) => total + energy, sum)
  }
}
