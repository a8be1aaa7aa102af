import { describe, expect, it } from 'vitest'
import { sweepScales } from '../../../../main/engine/quantizers/optimal/one-scale-sweep.ts'
import { scaledLevels } from '../../../../main/engine/quantizers/optimal/scaled-levels.ts'
import { cellsOf, colourNumbers, directions, polygonArea } from '../../../../renderer/views/lab/cube/cells.ts'
import { CELL_COLOURS } from '../../../../renderer/views/lab/cube/colours.ts'
import { faceFigures } from '../../../../renderer/views/lab/cube/face-figures.ts'
import { faceSvg } from '../../../../renderer/views/lab/cube/face-svg.ts'
import { LEVEL_SETS } from '../../../../renderer/views/lab/cube/level-sets.ts'
import { createRounding, directionOf } from '../../../../renderer/views/lab/cube/rounding.ts'
import { angleBetween, primitive, type Vector } from '../../../../renderer/views/lab/cube/vectors.ts'
import { moveView, placeOf, pointAt, WHOLE_FACE, zoomView } from '../../../../renderer/views/lab/cube/view.ts'
import { seededNormal } from '../../../support/random-rows.ts'

const named = (name: string) => LEVEL_SETS.find((set) => set.name === name)!.levels
const SETS = LEVEL_SETS.map(({ title, levels }) => [title, levels] as const)

/** Seeded directions whose largest component is the first. */
function facePoints(count: number): readonly Vector[] {
  const next = seededNormal(11)
  return Array.from({ length: count }, () => [1, Math.tanh(next()), Math.tanh(next())])
}

/** Directions of {-n..n}^3 by inclusion and exclusion of common divisors. */
function primitiveCount(n: number): number {
  const moebius = [0, 1, -1, -1, 0, -1, 1, -1, 0]
  return Array.from({ length: n }, (_none, index) => index + 1).reduce(
    (sum, d) => sum + moebius[d]! * ((2 * Math.floor(n / d) + 1) ** 3 - 1),
    0,
  )
}

describe('best rounding', () => {
  it.each(SETS)('finds the least angle among all code vectors: %s', (_title, levels) => {
    const rounding = createRounding('best', levels)
    const sites = directions(levels)
    for (const point of facePoints(60)) {
      rounding.round(...point)
      const least = Math.min(...sites.map((site) => angleBetween(site, point)))
      expect(angleBetween(directionOf(rounding), point)).toBeCloseTo(least, 12)
      for (const level of rounding.code) expect(levels).toContain(level)
    }
  })

  it.each(SETS)("agrees with the engine's sweep over all scales: %s", (_title, levels) => {
    const rounding = createRounding('best', levels)
    const all = { least: 0, most: Infinity } as const
    for (const point of facePoints(40)) {
      const single = Float32Array.from(point)
      const exact: Vector = [single[0]!, single[1]!, single[2]!]
      rounding.round(...exact)
      const cosines = ([1, -1] as const).flatMap((sign) => {
        const sweep = sweepScales(single, new Float64Array(3).fill(1), scaledLevels(levels), { sign, ...all })
        return [...sweep.products].map((product, piece) =>
          product > 0 ? product / Math.sqrt(sweep.squares[piece]!) : 0,
        )
      })
      const most = Math.max(...cosines) / Math.hypot(...exact)
      expect(Math.cos(angleBetween(directionOf(rounding), exact))).toBeCloseTo(most, 12)
    }
  })

  it('needs no scale from outside: the length of the vector does not matter', () => {
    const rounding = createRounding('best', named('4'))
    rounding.round(1, 0.37, -0.81)
    const before = directionOf(rounding)
    rounding.round(1000, 370, -810)
    expect(directionOf(rounding)).toEqual(before)
  })
})

describe('absmax rounding', () => {
  it('gives the largest component the longest level, and the others the nearest one', () => {
    const rounding = createRounding('absmax', named('3'))
    rounding.round(1, 0.4, -0.9)
    expect([...rounding.code]).toEqual([3, 1, -3])
    const lopsided = createRounding('absmax', named('Q4_0'))
    lopsided.round(1, 1, -0.26)
    expect([...lopsided.code, lopsided.sign]).toEqual([-8, -8, 2, -1])
  })

  it('never has a smaller angle than best rounding', () => {
    for (const { levels } of LEVEL_SETS) {
      const [best, absmax] = [createRounding('best', levels), createRounding('absmax', levels)]
      for (const point of facePoints(50)) {
        best.round(...point)
        absmax.round(...point)
        const gain = angleBetween(directionOf(absmax), point) - angleBetween(directionOf(best), point)
        expect(gain).toBeGreaterThan(-1e-12)
      }
    }
  })
})

describe('cells', () => {
  it.each([
    [1, 26],
    [2, 98],
    [3, 290],
    [4, 578],
    [8, 4034],
  ])('of {-%i..%i} are the primitive vectors', (n, count) => {
    expect(directions(named(`${n}`))).toHaveLength(count)
    expect(primitiveCount(n)).toBe(count)
  })

  it.each(SETS)('of both roundings cover the face once: %s', (_title, levels) => {
    for (const rounding of ['best', 'absmax'] as const) {
      const area = cellsOf(rounding, levels).reduce((sum, { polygon }) => sum + polygonArea(polygon), 0)
      expect(area).toBeCloseTo(4, 9)
    }
  })

  it.each(['best', 'absmax'] as const)('hold the points that %s rounding gives to them', (name) => {
    for (const { levels } of LEVEL_SETS.slice(0, 6)) {
      const cells = new Map(cellsOf(name, levels).map((cell) => [cell.direction.join(), cell]))
      const rounding = createRounding(name, levels)
      for (const point of facePoints(60)) {
        rounding.round(...point)
        const cell = cells.get(primitive(directionOf(rounding)).join())!
        const sides = cell.polygon.map(([y, z], place) => {
          const [nextY, nextZ] = cell.polygon[(place + 1) % cell.polygon.length]!
          return (nextY - y) * (point[2] - z) - (nextZ - z) * (point[1] - y)
        })
        expect(Math.min(...sides)).toBeGreaterThan(-1e-9)
        expect(angleBetween(cell.direction, point)).toBeLessThanOrEqual(cell.largestAngle + 1e-12)
      }
    }
  })

  it.each(SETS)(
    'that share an edge have different colours, of which there are enough: %s',
    (_title, levels) => {
      const cells = cellsOf('best', levels)
      const colours = colourNumbers(cells)
      for (const [place, { neighbours }] of cells.entries()) {
        expect(neighbours.map((other) => colours[other])).not.toContain(colours[place])
      }
      expect(Math.max(...colours)).toBeLessThan(CELL_COLOURS.length)
    },
  )
})

it('figures: ternary rounding errs less at best, and at most where three cells meet', () => {
  const { best, absmax, directions: all } = faceFigures(named('1'))
  expect([best.cells, absmax.cells, all]).toEqual([9, 9, 26])
  expect(best.meanAngle).toBeLessThan(absmax.meanAngle)
  // Between (1, 0, 0), (1, 1, 0) and (1, 1, 1): the direction at one angle to all three.
  const [y, z] = [Math.SQRT2 - 1, Math.sqrt(3) - Math.SQRT2]
  expect(best.largestAngle).toBeCloseTo(angleBetween([1, 0, 0], [1, y, z]), 12)
  expect(absmax.largestAngle).toBeCloseTo(Math.acos(1 / Math.sqrt(1.5)), 12)
})

describe('the view', () => {
  it('stays on the face, and keeps the point under the pointer in its place', () => {
    const near = zoomView(WHOLE_FACE, 0.1, [0.5, -0.5])
    const [left, top] = placeOf(WHOLE_FACE, [0.5, -0.5])
    expect(placeOf(near, [0.5, -0.5])[0]).toBeCloseTo(left, 12)
    expect(placeOf(near, [0.5, -0.5])[1]).toBeCloseTo(top, 12)
    expect(moveView(near, 100, 100).centre).toEqual([0.9, 0.9])
    expect(zoomView(near, 1e9)).toEqual(WHOLE_FACE)
    expect(pointAt(WHOLE_FACE, 0, 0)).toEqual([-1, 1])
  })
})

it('an SVG has one polygon per cell, named by its code', () => {
  const cells = cellsOf('best', named('2'))
  const looks = {
    title: 't',
    cells,
    colours: colourNumbers(cells),
    view: WHOLE_FACE,
    side: 100,
    borders: true,
  }
  const picture = faceSvg({ ...looks, image: null })
  expect(picture.match(/<path /g)).toHaveLength(25)
  expect(picture).toContain('<title>2 1 -1</title>')
  expect(faceSvg({ ...looks, image: 'data:image/png;base64,AA==' })).toContain('<image width="100"')
})
