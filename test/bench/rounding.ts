import { nativeKernels, typescriptKernels } from '../../main/engine/kernels/kernels.ts'
import { encodedBytes, type Format, type Method } from '../../main/engine/quantizers/format.ts'
import { loadGgml } from '../support/ggml.ts'
import { lowerBoundOf } from '../../main/engine/quantizers/optimal/lower-bounds.ts'
import { blockErrors } from '../support/weighted-error.ts'
import { chosenFormats } from './chosen-formats.ts'
import { COLUMNS, heavyMatrix, lognormalImportance } from './heavy-matrix.ts'
import { DISTRIBUTION_NAMES, randomMatrix, type RoundedMatrix, sampleMatrices } from './rounding-data.ts'
import { MEGABYTE, rounded, type Row, type Suite } from './suite.ts'
import { fitted, interleaved, MOST_ROWS } from './turns.ts'

const kernels = nativeKernels() ?? typescriptKernels
/** Going through everything takes minutes for a matrix, as lower bounds do: every so many rows show what is left to gain. */
const ROW_STEP = 200

/**
 * The method `optimal` against `reference`, by the objective that it minimises: squared error weighted by importance, all alike
 * without. Errors are sums over all weights, relative to the equally weighted sum of squares. `blocksImproved` is a
 * share. Speeds are MB of f32 a second on one thread, on a matrix of heavy-tailed weights of its own, beside ggml's own quantizer
 * in the same run.
 */
export const roundingSuite: Suite = {
  name: 'rounding',
  title: 'rounding: weighted squared error of `optimal` against `reference`, relative to the weights',
  isBare: true,
  run(_folder, { formats }) {
    const searched = chosenFormats(formats).filter((format) => format.methods.optimal)
    const sample = sampleMatrices()
    const speeds = new Speeds()
    return Promise.resolve(searched.flatMap((format) => rowsOf(format, sample, speeds)))
  },
}

function rowsOf(format: Format, sample: readonly RoundedMatrix[], speeds: Speeds): readonly Row[] {
  const covered = sample.filter(({ importance }) => importance !== null || !format.needsImportance)
  const bare = sample.map((matrix) => ({ ...matrix, importance: null }))
  const rows = [{ importance: true, ...compare(format, covered), ...speeds.measure(format, true) }]
  if (!format.needsImportance) {
    rows.push({ importance: false, ...compare(format, bare), ...speeds.measure(format, false) })
  }
  const judged = rows.map((row) => ({ format: format.name, data: 'sample', ...row }))
  return [...judged, ...distributionRows(format), ...limitRows(format, covered)]
}

function distributionRows(format: Format): readonly Row[] {
  if (format.needsImportance) return []
  return DISTRIBUTION_NAMES.map((data) => {
    return { format: format.name, data, importance: false, ...compare(format, [randomMatrix(data)]) }
  })
}

/** Of few rows: what going through everything finds, and an error that no encoding is below, where one is known. */
function limitRows(format: Format, matrices: readonly RoundedMatrix[]): readonly Row[] {
  const methods = (['optimal', 'exhaustive'] as const).filter((method) => format.methods[method])
  const bound = lowerBoundOf(format.name)
  if (methods.length < 2 && !bound) return []
  const thinned = matrices.map((matrix) => thin(matrix, ROW_STEP))
  const lowest = bound && { lowerBound: leastError(format, thinned, bound) }
  return methods.map((method) => {
    const data = `sample, 1 row of ${ROW_STEP}, ${method}`
    return { format: format.name, data, importance: true, ...compare(format, thinned, method), ...lowest }
  })
}

type BlockBound = NonNullable<ReturnType<typeof lowerBoundOf>>

/** Relative, as the errors are. */
function leastError(format: Format, matrices: readonly RoundedMatrix[], bound: BlockBound): number {
  let [total, least] = [0, 0]
  for (const { weights, rowLength, importance } of matrices) {
    const counts = Float64Array.from(weights, (_, i) => importance?.[i % rowLength] ?? 1)
    for (const [i, weight] of weights.entries()) total += (counts[i] as number) * (weight * weight)
    for (let at = 0; at < weights.length; at += format.blockSize) {
      const end = at + format.blockSize
      least += bound(weights.subarray(at, end), counts.subarray(at, end))
    }
  }
  return Number((least / total).toPrecision(4))
}

function thin({ weights, rowLength, importance }: RoundedMatrix, step: number): RoundedMatrix {
  const rows = Math.ceil(weights.length / rowLength / step)
  const chosen = new Float32Array(rows * rowLength)
  for (let row = 0; row < rows; row += 1) {
    const from = row * step * rowLength
    chosen.set(weights.subarray(from, from + rowLength), row * rowLength)
  }
  return { weights: chosen, rowLength, importance }
}

function compare(format: Format, matrices: readonly RoundedMatrix[], method: Method = 'optimal') {
  let [total, reference, found, blocks, improved] = [0, 0, 0, 0, 0]
  for (const matrix of matrices) {
    const { weights, rowLength, importance } = matrix
    const counts = (i: number): number => importance?.[i % rowLength] ?? 1
    for (const [i, weight] of weights.entries()) total += counts(i) * (weight * weight)
    const before = blockErrors(format, weights, counts, quantized(format, 'reference', matrix))
    const after = blockErrors(format, weights, counts, quantized(format, method, matrix))
    blocks += before.length
    for (const [block, error] of before.entries()) {
      reference += error
      found += after[block] as number
      if ((after[block] as number) < error) improved += 1
    }
  }
  return {
    referenceError: Number((reference / total).toPrecision(4)),
    optimalError: Number((found / total).toPrecision(4)),
    reduction: rounded(1 - found / reference),
    blocksImproved: rounded(improved / blocks),
  }
}

function quantized(
  format: Format,
  method: Method,
  { weights, rowLength, importance }: RoundedMatrix,
): Uint8Array {
  const out = new Uint8Array(encodedBytes(format, weights.length))
  kernels.quantizeRows(format, method, weights, rowLength, importance, out)
  return out
}

/** Of `optimal` and of ggml, taking turns on one matrix. */
class Speeds {
  readonly #weights = heavyMatrix(MOST_ROWS)
  readonly #importance = lognormalImportance()
  readonly #ggml = loadGgml()

  measure(format: Format, withImportance: boolean) {
    const importance = withImportance ? this.#importance : null
    const bytes = new Uint8Array(encodedBytes(format, this.#weights.length))
    const quantizing = (quantize: (weights: Float32Array, out: Uint8Array) => void) =>
      fitted((rows) => {
        quantize(
          this.#weights.subarray(0, rows * COLUMNS),
          bytes.subarray(0, encodedBytes(format, rows * COLUMNS)),
        )
      }, LEAST_ROWS)
    const ggml = this.#ggml
    ggml?.prepare(format.id)
    const turns = {
      native: quantizing((weights, out) => {
        kernels.quantizeRows(format, 'optimal', weights, COLUMNS, importance, out)
      }),
      ...(ggml && {
        ggml: quantizing((weights, out) => {
          ggml.quantizeInto(format.id, weights, COLUMNS, importance, out)
        }),
      }),
    }
    const seconds = interleaved(turns)
    const mbps = (name: keyof typeof turns): number | null => {
      const [turn, taken] = [turns[name], seconds[name]]
      return turn && taken !== undefined ? rounded((turn.rows * COLUMNS * 4) / MEGABYTE / taken) : null
    }
    return { nativeMbps: mbps('native'), ggmlMbps: mbps('ggml') }
  }
}

/** A search may take a millisecond for each block. */
const LEAST_ROWS = 2
