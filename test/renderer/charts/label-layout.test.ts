import { expect, test } from 'vitest'
import { apart, freePlace, type LabelBox } from '../../../renderer/charts/label-layout.ts'

const box: LabelBox = { x: 10, y: 10, width: 40, height: 12 }

test('a label with room stays where it is', () => {
  expect(freePlace(box, [{ ...box, x: 200 }])).toEqual(box)
})

test('labels of one point end up on different lines', () => {
  const place = apart()
  const lines = Array.from({ length: 6 }, (_none, dataIndex) => place({ dataIndex, labelRect: box }).y)
  const sorted = [...lines].sort((a, b) => a - b)
  const gaps = sorted.slice(1).map((y, index) => y - (sorted[index] ?? 0))
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(box.height)
})

test('a new drawing forgets the places of the last one', () => {
  const place = apart()
  const first = place({ dataIndex: 0, labelRect: box })
  expect(place({ dataIndex: 0, labelRect: box })).toEqual(first)
})
