import type { ExploredGroup, Method } from '../../../preload/contract.ts'
import { significant } from '../../charts/numbers.ts'
import type { TableCell, TableColumn } from '../../components/table-column.ts'
import type { PlainTable } from '../../components/table-text.ts'

const RIGHT = { align: 'right', width: 'minmax(72px, 1fr)' } as const

const COLUMNS: readonly TableColumn[] = [
  { key: 'place', title: '#', ...RIGHT, width: '48px' },
  { key: 'weight', title: 'Weight', ...RIGHT },
  {
    key: 'errorWeight',
    title: 'Counts',
    ...RIGHT,
    hint: 'What the squared error of this weight is multiplied by',
  },
  { key: 'referenceLevel', title: 'Code', ...RIGHT, hint: 'Reference' },
  { key: 'referenceValue', title: 'Reference', ...RIGHT },
  { key: 'referenceError', title: 'Its error', ...RIGHT, hint: 'Counted squared error' },
  { key: 'chosenLevel', title: 'Code', ...RIGHT, hint: 'The chosen method' },
  { key: 'chosenValue', title: 'Chosen', ...RIGHT },
  { key: 'chosenError', title: 'Its error', ...RIGHT, hint: 'Counted squared error' },
]

/** @param method gives the column of its values its name */
export function blockColumns(method: Method): readonly TableColumn[] {
  return COLUMNS.map((column) => (column.key === 'chosenValue' ? { ...column, title: method } : column))
}

function valueOf(block: ExploredGroup, place: number, column: string): number {
  const weight = block.weights[place] ?? 0
  const counts = block.errorWeights[place] ?? 0
  const error = (decoded = 0) => counts * (weight - decoded) ** 2
  const { reference, chosen } = block
  const values: Readonly<Record<string, number | undefined>> = {
    place,
    weight,
    errorWeight: counts,
    referenceLevel: reference.levels[place],
    referenceValue: reference.decoded[place],
    referenceError: error(reference.decoded[place]),
    chosenLevel: chosen.levels[place],
    chosenValue: chosen.decoded[place],
    chosenError: error(chosen.decoded[place]),
  }
  return values[column] ?? 0
}

const WHOLE = new Set(['place', 'referenceLevel', 'chosenLevel'])

export function blockCell(block: ExploredGroup, place: number, column: string): TableCell {
  const value = valueOf(block, place, column)
  return { text: WHOLE.has(column) ? `${value}` : significant(value), title: `${value}` }
}

export function blockTable(block: ExploredGroup): PlainTable {
  return {
    columns: COLUMNS.map(({ key }) => key),
    rows: block.weights.map((_weight, place) => COLUMNS.map(({ key }) => valueOf(block, place, key))),
  }
}
