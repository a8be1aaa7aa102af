import { expect, it } from 'vitest'
import {
  differenceCell,
  differenceColumns,
  differenceTable,
  slotDifferences,
  sortDifferences,
} from '../../../../renderer/views/compare/slot-differences.ts'
import { plannedTensorOf, planOfTensors } from '../../../support/verification-data.ts'

const q4 = (name: string) => plannedTensorOf(name)
const q8 = (name: string, change = {}) =>
  plannedTensorOf(name, { format: 'Q8_0', requested: 'Q8_0', bytes: 190, damage: 0.1, ...change })

const plans = [
  { name: 'A', plan: planOfTensors([q4('same'), q4('small'), q4('large'), q4('method')]) },
  {
    name: 'C',
    plan: planOfTensors([
      q4('same'),
      q8('small', { bytes: 110 }),
      q8('large', { damage: null }),
      plannedTensorOf('method', { method: 'optimal', damage: 0.2 }),
    ]),
  },
]
const found = slotDifferences(plans)
const names = (all: typeof found) => all.map((one) => one.name)

it('lists what differs in format or method, the largest difference of bytes first', () => {
  expect(found.map(({ name, bytes, damage }) => [name, bytes, damage && damage.toFixed(1)])).toEqual([
    ['large', 90, null],
    ['small', 10, '0.4'],
    ['method', 0, '0.3'],
  ])
})

it('sorts by damage, with what is not measured at the end', () => {
  expect(names(sortDifferences(found, { column: 'damage', descending: true }))).toEqual([
    'small',
    'method',
    'large',
  ])
  expect(names(sortDifferences(found, { column: 'name', descending: false }))).toEqual([
    'large',
    'method',
    'small',
  ])
})

it('has columns for the slots that hold a plan', () => {
  expect(differenceColumns(plans).map(({ key }) => key)).toEqual([
    'name', 'format A', 'format C', 'bytes', 'damage', 'bytes A', 'bytes C', 'damage A', 'damage C',
  ]) // prettier-ignore
  const [large] = found
  const text = (column: string) => large && differenceCell(large, column, plans).text
  expect(['format A', 'format C', 'bytes C', 'damage A', 'damage C'].map(text)).toEqual([
    'Q4_K', 'Q8_0', '190 B', '0.500', '–',
  ]) // prettier-ignore
})

it('saves all sides of all rows', () => {
  expect(differenceTable(found, plans).rows[1]).toEqual(['small', 'Q4_K', 100, 0.5, 'Q8_0', 110, 0.1])
})
