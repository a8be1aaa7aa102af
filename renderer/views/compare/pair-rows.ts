import type { TensorPair } from '../../../preload/contract.ts'
import { bytes, exact, NO_VALUE, significant } from '../../charts/numbers.ts'
import type { TableCell, TableColumn, TableSort } from '../../components/table-column.ts'
import type { CellValue, PlainTable } from '../../components/table-text.ts'
import { shapeText } from '../../components/tensor-facts.ts'
import { isComparable, isFailure, type PairResult, type PairResults } from '../../stores/model-pairs.ts'
import { nameTest } from '../tensors/tensor-filter.ts'

export const PAIR_COLUMNS: readonly TableColumn[] = [
  { key: 'name', title: 'Tensor', width: 'minmax(190px, 2fr)', mono: true, sortable: true },
  { key: 'typeA', title: 'A', width: '84px', sortable: true, hint: 'Stored type in A' },
  { key: 'typeB', title: 'B', width: '84px', sortable: true, hint: 'Stored type in B' },
  { key: 'bytesA', title: 'Bytes A', width: '86px', align: 'right', sortable: true },
  { key: 'bytesB', title: 'Bytes B', width: '86px', align: 'right', sortable: true },
  { key: 'change', title: 'B − A', width: '92px', align: 'right', sortable: true, hint: 'Bytes of B less those of A' },
  {
    key: 'error', title: 'Relative error', width: '124px', align: 'right', sortable: true,
    hint: '|B − A| / |A| over all weights that are finite in both',
  },
] // prettier-ignore

/** Bytes of B less those of A; what is missing has none. */
function byteChange({ a, b }: TensorPair): number {
  return (b?.bytes ?? 0) - (a?.bytes ?? 0)
}

export function isDifferent(pair: TensorPair, result: PairResult | undefined): boolean {
  if (!isComparable(pair) || pair.a?.type !== pair.b?.type) return true
  return result !== undefined && !isFailure(result) && (result.relativeError !== 0 || result.nonFinite > 0)
}

function signedBytes(change: number): string {
  if (change === 0) return '0'
  return `${change > 0 ? '+' : '−'}${bytes(Math.abs(change))}`
}

/** Why there is no number. */
function obstacle(pair: TensorPair): string | null {
  if (!pair.a) return 'only in B'
  if (!pair.b) return 'only in A'
  return isComparable(pair) ? null : 'shapes differ'
}

function errorCell(pair: TensorPair, result: PairResult | undefined): TableCell {
  const reason = obstacle(pair)
  if (reason !== null) {
    const shapes = [pair.a, pair.b].map((side) => (side ? shapeText(side.shape) : 'none')).join(', ')
    return { text: reason, title: `Shapes: ${shapes}` }
  }
  if (result === undefined) return { text: '…', title: 'Not compared yet' }
  if (isFailure(result)) return { text: 'failed', title: result.message }
  const { relativeError, nonFinite } = result
  const note = nonFinite > 0 ? `, ${exact(nonFinite)} NaN or infinite` : ''
  if (relativeError === null) return { text: NO_VALUE, title: `Can not be compared${note}` }
  const text = relativeError === 0 ? 'identical' : significant(relativeError)
  return { text: nonFinite > 0 ? `${text} !` : text, title: `${relativeError}${note}` }
}

/** What a cell shows. */
export function pairCell(pair: TensorPair, result: PairResult | undefined, column: string): TableCell {
  const { a, b } = pair
  switch (column) {
    case 'name':
      return { text: pair.name, title: pair.name }
    case 'typeA':
      return { text: a?.type ?? NO_VALUE }
    case 'typeB':
      return { text: b?.type ?? NO_VALUE }
    case 'bytesA':
      return { text: bytes(a?.bytes ?? null), ...(a && { title: `${exact(a.bytes)} bytes` }) }
    case 'bytesB':
      return { text: bytes(b?.bytes ?? null), ...(b && { title: `${exact(b.bytes)} bytes` }) }
    case 'change':
      return { text: signedBytes(byteChange(pair)), title: `${exact(byteChange(pair))} bytes` }
    default:
      return errorCell(pair, result)
  }
}

/** Known errors first; pairs without one stay behind them, the larger change of bytes before the smaller. */
function errorKey(pair: TensorPair, result: PairResult | undefined): number {
  if (result && !isFailure(result) && result.relativeError !== null) return 1 + result.relativeError
  return -1 / (1 + Math.abs(byteChange(pair)))
}

function sortKey(pair: TensorPair, result: PairResult | undefined, column: string): number | string {
  if (column === 'name') return pair.name
  if (column === 'typeA') return pair.a?.type ?? ''
  if (column === 'typeB') return pair.b?.type ?? ''
  if (column === 'bytesA') return pair.a?.bytes ?? -1
  if (column === 'bytesB') return pair.b?.bytes ?? -1
  return column === 'change' ? Math.abs(byteChange(pair)) : errorKey(pair, result)
}

export interface PairQuery {
  /** As in the tensor table: words, a glob or a regular expression. */
  readonly text: string
  readonly onlyDifferent: boolean
}

/** Pairs that match; an invalid pattern matches nothing. */
export function filterPairs(
  pairs: readonly TensorPair[],
  results: PairResults,
  { text, onlyDifferent }: PairQuery,
): readonly TensorPair[] {
  const matches = nameTest(text) ?? (() => false)
  return pairs.filter((pair) => {
    if (onlyDifferent && !isDifferent(pair, results.get(pair.name))) return false
    return matches(pair.name.toLowerCase())
  })
}

export function sortPairs(
  pairs: readonly TensorPair[],
  results: PairResults,
  sort: TableSort,
): readonly TensorPair[] {
  const direction = sort.descending ? -1 : 1
  const keyed = pairs.map((pair) => ({ pair, key: sortKey(pair, results.get(pair.name), sort.column) }))
  keyed.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key ? -direction : direction))
  return keyed.map((one) => one.pair)
}

export function pairTable(pairs: readonly TensorPair[], results: PairResults): PlainTable {
  return {
    columns: ['tensor', 'typeA', 'typeB', 'bytesA', 'bytesB', 'relativeError', 'nonFinite', 'note'],
    rows: pairs.map((pair): readonly CellValue[] => {
      const result = results.get(pair.name)
      const [figures, failure] = result && isFailure(result) ? [undefined, result.message] : [result, null]
      return [
        pair.name, pair.a?.type ?? null, pair.b?.type ?? null, pair.a?.bytes ?? null, pair.b?.bytes ?? null,
        figures?.relativeError ?? null, figures?.nonFinite ?? null, obstacle(pair) ?? failure,
      ]
    }),
  } // prettier-ignore
}

/** Bytes and tensors that each type has on both sides. */
export interface TypeTotal {
  readonly type: string
  readonly a: { readonly bytes: number; readonly tensors: number }
  readonly b: { readonly bytes: number; readonly tensors: number }
}

const NOTHING = { bytes: 0, tensors: 0 }

/** The types of both sides, most bytes first. */
export function typeTotals(pairs: readonly TensorPair[]): readonly TypeTotal[] {
  const totals = new Map<string, TypeTotal>()
  for (const pair of pairs) {
    for (const side of ['a', 'b'] as const) {
      const tensor = pair[side]
      if (!tensor) continue
      const known = totals.get(tensor.type) ?? { type: tensor.type, a: NOTHING, b: NOTHING }
      const sum = { bytes: known[side].bytes + tensor.bytes, tensors: known[side].tensors + 1 }
      totals.set(tensor.type, { ...known, [side]: sum })
    }
  }
  return [...totals.values()].sort((x, y) => y.a.bytes + y.b.bytes - x.a.bytes - x.b.bytes)
}
