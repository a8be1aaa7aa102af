import type { Format, Method } from '../quantizers/format.ts'
import { plainErrorWeights } from '../quantizers/optimal/objectives.ts'
import { sweepScales } from '../quantizers/optimal/one-scale-sweep.ts'
import { scaledLevels } from '../quantizers/optimal/scaled-levels.ts'
import { boundedBlock, type BoundedBlock } from './bounded-block.ts'
import { isProvedOptimal } from './proved-formats.ts'
import { groupScales, type ScaledFormat } from './scaled-formats.ts'

/** A group as a method rounded it. Plain numbers: they cross to the window as JSON. */
export interface RoundedGroup {
  readonly scale: number
  /** Level per weight: decoded = scale * level. */
  readonly levels: readonly number[]
  readonly decoded: readonly number[]
  /** Sum of error weight x squared error. */
  readonly error: number
}

/**
 * Error over the scales of one sign: on piece k, from |d| = 1 / breakpoints[k - 1] down to 1 / breakpoints[k], it is
 * `energy - 2 |d| products[k] + d^2 squares[k]`.
 */
export interface ErrorCurve {
  readonly sign: 1 | -1
  readonly breakpoints: readonly number[]
  readonly products: readonly number[]
  readonly squares: readonly number[]
}

export interface ExploredGroup {
  /** Place in the row, and groups of the row. */
  readonly group: number
  readonly groups: number
  readonly groupSize: number
  /** Weights of a block of the format: one group or several. */
  readonly blockSize: number
  /** What a weight can be stored as, in units of the scale; ascending. */
  readonly levels: readonly number[]
  readonly weights: readonly number[]
  /** What the squared error of each weight counts. */
  readonly errorWeights: readonly number[]
  readonly reference: RoundedGroup
  readonly chosen: RoundedGroup
  /** Error of zeros: sum of error weight x squared weight. */
  readonly energy: number
  readonly curves: readonly ErrorCurve[]
  /** Errors of all groups of the row. */
  readonly rowErrors: { readonly reference: readonly number[]; readonly chosen: readonly number[] }
  /** The group where the method gains most against the reference. */
  readonly largestGain: number
  /** Whether it is proved that no encoding of the block has less error than the method found. */
  readonly proved: boolean
  /** The block of several groups that the group belongs to, where a lower bound of its error is known. */
  readonly bounded: BoundedBlock | null
}

/** A row, and the bytes that two methods made of it. */
export interface RoundedRow {
  readonly format: Format
  readonly scaled: ScaledFormat
  readonly method: Method
  /** f32[n], finite. */
  readonly weights: Float32Array
  /** f32[n] or null. */
  readonly importance: Float32Array | null
  readonly reference: Uint8Array
  readonly chosen: Uint8Array
}

interface Decoded {
  readonly values: Float32Array
  readonly scales: Float64Array
  readonly errors: readonly number[]
}

/** @param group its place in the row; null for the one where the method gains most */
export function exploreRow(row: RoundedRow, group: number | null): ExploredGroup {
  const { format, scaled, method, weights, importance } = row
  const errorWeights = new Float64Array(weights.length)
  const weigh = format.methods[method]?.errorWeights ?? plainErrorWeights
  weigh(weights, importance, errorWeights)
  const reference = decode(row, row.reference, errorWeights)
  const chosen = decode(row, row.chosen, errorWeights)
  const largestGain = largestGainOf(reference.errors, chosen.errors)
  const shown = group ?? largestGain
  const size = scaled.groupSize
  const part = weights.subarray(shown * size, (shown + 1) * size)
  const rowErrors = { reference: reference.errors, chosen: chosen.errors }
  const partErrorWeights = errorWeights.subarray(shown * size, (shown + 1) * size)
  return {
    group: shown,
    groups: weights.length / size,
    groupSize: size,
    blockSize: format.blockSize,
    levels: scaled.levels,
    weights: [...part],
    errorWeights: [...partErrorWeights],
    reference: roundedGroup(scaled, reference, shown),
    chosen: roundedGroup(scaled, chosen, shown),
    energy: errorOf(part, partErrorWeights, new Float32Array(size)),
    curves: ([-1, 1] as const).map((sign) => curveOf(part, partErrorWeights, scaled, sign)),
    rowErrors,
    largestGain,
    proved: isProvedOptimal(format.name),
    bounded: boundedBlock(row, { errorWeights, ...rowErrors }, shown),
  }
}

function decode(
  { format, scaled, weights }: RoundedRow,
  bytes: Uint8Array,
  errorWeights: Float64Array,
): Decoded {
  const values = new Float32Array(weights.length)
  format.dequantize(bytes, values)
  const errors: number[] = []
  for (let at = 0; at < weights.length; at += scaled.groupSize) {
    const end = at + scaled.groupSize
    errors.push(errorOf(weights.subarray(at, end), errorWeights.subarray(at, end), values.subarray(at, end)))
  }
  return { values, scales: groupScales(format, scaled, bytes), errors }
}

function errorOf(weights: Float32Array, errorWeights: Float64Array, values: Float32Array): number {
  return weights.reduce((sum, weight, i) => {
    const error = weight - (values[i] as number)
    return sum + (errorWeights[i] as number) * (error * error)
  }, 0)
}

function largestGainOf(reference: readonly number[], chosen: readonly number[]): number {
  const gains = reference.map((error, group) => error - (chosen[group] as number))
  return gains.indexOf(Math.max(...gains))
}

function roundedGroup({ groupSize, levels }: ScaledFormat, decoded: Decoded, group: number): RoundedGroup {
  const values = [...decoded.values.subarray(group * groupSize, (group + 1) * groupSize)]
  const scale = decoded.scales[group] as number
  const nearer = (value: number) => (best: number, level: number) =>
    Math.abs(scale * level - value) < Math.abs(scale * best - value) ? level : best
  // Under a scale of 0 every level is the same value; the one nearest to 0 stands for all.
  const smallest = levels.reduce((best, level) => (Math.abs(level) < Math.abs(best) ? level : best))
  const nearest = (value: number) => levels.reduce(nearer(value), smallest)
  return { scale, levels: values.map(nearest), decoded: values, error: decoded.errors[group] as number }
}

function curveOf(
  weights: Float32Array,
  errorWeights: Float64Array,
  { levels }: ScaledFormat,
  sign: 1 | -1,
): ErrorCurve {
  const all = { sign, least: 0, most: Infinity } as const
  const { breakpoints, products, squares } = sweepScales(weights, errorWeights, scaledLevels(levels), all)
  return { sign, breakpoints: [...breakpoints], products: [...products], squares: [...squares] }
}
