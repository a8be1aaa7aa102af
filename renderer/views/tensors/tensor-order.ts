import type { Measure, Tensor } from '../../../preload/contract.ts'
import { weightsOf } from '../../components/tensor-facts.ts'
import type { MeasurementTable } from '../../stores/measurements.ts'

export type SortColumn = 'file' | 'name' | 'layer' | 'role' | 'shape' | 'type' | 'bytes' | 'bpw' | 'error'

/** Sorts after every number, whatever the direction. */
const NOTHING = Number.NaN

/** `blk.2.` sorts before `blk.10.`: numbers are padded to one width. */
function paddedName(name: string): string {
  return name.replace(/\d+/g, (digits) => digits.padStart(8, '0'))
}

function compareTexts(a = '', b = ''): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Place of each text among all of them, so that later sorts compare numbers only. */
function ranks(texts: readonly string[]): Float64Array {
  const order = Uint32Array.from(texts, (_text, index) => index).sort((a, b) =>
    compareTexts(texts[a], texts[b]),
  )
  const places = new Float64Array(texts.length)
  let place = 0
  order.forEach((index, position) => {
    if (texts[index] !== texts[order[position - 1] ?? -1]) place = position
    places[index] = place
  })
  return places
}

/** One number per tensor and column; the columns that do not change are made once. */
export class TensorKeys {
  readonly #tensors: readonly Tensor[]
  readonly #known = new Map<SortColumn, Float64Array>()

  constructor(tensors: readonly Tensor[]) {
    this.#tensors = tensors
  }

  of(column: Exclude<SortColumn, 'error'>): Float64Array {
    const known = this.#known.get(column)
    if (known) return known
    const made = this.#make(column)
    this.#known.set(column, made)
    return made
  }

  /** The chosen measure; NaN where nothing was measured. */
  ofMeasure(table: MeasurementTable, measure: Measure): Float64Array {
    return Float64Array.from(this.#tensors, (tensor) => table.get(tensor.name)?.[measure] ?? NOTHING)
  }

  /** Makes the slow ones while nobody waits, so that the first sort by name is as quick as the next. */
  prepare(): void {
    for (const column of ['name', 'role', 'type'] as const) this.of(column)
  }

  #make(column: Exclude<SortColumn, 'error'>): Float64Array {
    const numbers = (of: (tensor: Tensor, index: number) => number) => Float64Array.from(this.#tensors, of)
    const texts = (of: (tensor: Tensor) => string) => ranks(this.#tensors.map(of))
    switch (column) {
      case 'file':
        return numbers((_tensor, index) => index)
      case 'name':
        return texts((tensor) => paddedName(tensor.name))
      case 'layer':
        return numbers((tensor) => tensor.layer ?? NOTHING)
      case 'role':
        return texts((tensor) => tensor.role)
      case 'shape':
        return numbers(weightsOf)
      case 'type':
        return texts((tensor) => tensor.type)
      case 'bytes':
        return numbers((tensor) => tensor.bytes)
      case 'bpw':
        return numbers((tensor) => (tensor.bytes * 8) / Math.max(1, weightsOf(tensor)))
    }
  }
}

/** Sorted copy of some indices; equal ones keep file order, NaN goes last. */
export function sortIndices(indices: Uint32Array, keys: Float64Array, descending: boolean): Uint32Array {
  const sign = descending ? -1 : 1
  return indices.slice().sort((a, b) => {
    const [left, right] = [keys[a] ?? NOTHING, keys[b] ?? NOTHING]
    if (left === right) return a - b
    if (Number.isNaN(left)) return Number.isNaN(right) ? a - b : 1
    if (Number.isNaN(right)) return -1
    return sign * (left - right)
  })
}
