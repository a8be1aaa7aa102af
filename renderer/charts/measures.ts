import type { Measure, Measurement } from '../../preload/contract.ts'
import { significant } from './numbers.ts'

/** How a number is written and coloured, whoever measured it. */
export interface Quantity {
  readonly label: string
  readonly unit: string
  /** The end of the scale where the damage is. */
  readonly worst: 'highest' | 'lowest'
  readonly scale: Scale
  /** Digits after the point, where three significant ones would all be the same. */
  readonly decimals?: number
}

export interface MeasureInfo extends Quantity {
  readonly name: Measure
  /** What the number says and what it does not. */
  readonly meaning: string
}

export type Scale = 'log' | 'linear'

export const MEASURES: readonly MeasureInfo[] = [
  {
    name: 'relativeError',
    label: 'Relative error',
    unit: '',
    worst: 'highest',
    scale: 'log',
    meaning: 'Size of the error against the size of the weights. Uses no activations.',
  },
  {
    name: 'weightedRelativeError',
    label: 'Weighted error',
    unit: '',
    worst: 'highest',
    scale: 'log',
    meaning: 'Relative error with each column weighted by its importance. Needs an imatrix.',
  },
  {
    name: 'outputRelativeError',
    label: 'Output error',
    unit: '',
    worst: 'highest',
    scale: 'log',
    meaning: 'Relative error of what the layer computes. Needs an activation covariance.',
  },
  {
    name: 'maxAbsError',
    label: 'Largest error',
    unit: '',
    worst: 'highest',
    scale: 'log',
    meaning: 'The largest distance between a weight and its quantized twin.',
  },
  {
    name: 'sqnr',
    label: 'SQNR',
    unit: 'dB',
    worst: 'lowest',
    scale: 'linear',
    meaning: 'Signal to quantization noise; 6 dB are one bit.',
  },
  {
    name: 'cosine',
    label: 'Cosine',
    unit: '',
    worst: 'lowest',
    scale: 'linear',
    // They would all be nines.
    decimals: 5,
    meaning: 'Cosine between the weights and their quantized twins; 1 is the same direction.',
  },
  {
    name: 'angle',
    label: 'Angle',
    unit: '°',
    worst: 'highest',
    scale: 'log',
    meaning: 'Angle between the weights and their quantized twins.',
  },
  {
    name: 'rmse',
    label: 'RMSE',
    unit: '',
    worst: 'highest',
    scale: 'log',
    meaning: 'Root of the mean squared error, in units of the weights.',
  },
  {
    name: 'mse',
    label: 'MSE',
    unit: '',
    worst: 'highest',
    scale: 'log',
    meaning: 'Mean squared error, in squared units of the weights.',
  },
]

export function measureInfo(name: Measure): MeasureInfo {
  const info = MEASURES.find((measure) => measure.name === name)
  if (!info) throw new Error(`no measure is called ${name}`)
  return info
}

/** A value with its unit. */
export function valueText(value: number | null, { unit, decimals }: Quantity): string {
  if (value !== null && decimals !== undefined) return value.toFixed(decimals)
  return value === null || unit === '' ? significant(value) : `${significant(value)} ${unit}`
}

/** The measured formats' best value of a measure; null when nothing was measured. */
export function bestValue(measurements: readonly Measurement[], measure: MeasureInfo): number | null {
  const values = measurements.map((one) => one[measure.name]).filter((value) => value !== null)
  if (values.length === 0) return null
  return measure.worst === 'highest' ? Math.min(...values) : Math.max(...values)
}
