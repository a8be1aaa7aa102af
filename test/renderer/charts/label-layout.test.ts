import { expect, test } from 'vitest'
import { placeLabels, type LabelBox, type Point } from '../../../renderer/charts/label-layout.ts'

const BOUNDS: LabelBox = { x: 0, y: 0, width: 400, height: 200 }
const SIZE = [30, 12] as const

function place(points: readonly Point[]): readonly LabelBox[] {
  return placeLabels(
    points,
    points.map(() => SIZE),
    BOUNDS,
  )
}

function touch(a: LabelBox, b: LabelBox): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

test('a point with room has its name on the right, at its height', () => {
  const [box] = place([[100, 100]])
  expect(box).toEqual({ x: 110, y: 94, width: 30, height: 12 })
})

test('a name never leaves the bounds', () => {
  const [box] = place([[395, 4]])
  expect(box!.x + box!.width).toBeLessThanOrEqual(400)
  expect(box!.y).toBeGreaterThanOrEqual(0)
})

test('names of a crowd lie neither on each other nor on a point', () => {
  const points: Point[] = [
    [100, 100],
    [102, 96],
    [120, 98],
    [100, 112],
    [118, 110],
    [140, 100],
  ]
  const boxes = place(points)
  boxes.forEach((box, index) => {
    expect(boxes.slice(index + 1).some((other) => touch(box, other))).toBe(false)
    expect(points.some(([x, y]) => touch(box, { x: x - 4, y: y - 4, width: 8, height: 8 }))).toBe(false)
  })
})
