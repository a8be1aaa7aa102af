import { expect, test } from 'vitest'
import { exploreRow } from '../../../main/engine/rounding/explore-row.ts'
import { scaledFormat } from '../../../main/engine/rounding/scaled-formats.ts'
import { Q4_0 } from '../../../main/engine/quantizers/q4-legacy.ts'
import { blockWeightsOption } from '../../../renderer/charts/block-weights.ts'
import {
  breakpointsIn,
  curvePoints,
  scaleErrorOption,
  scaleWindow,
} from '../../../renderer/charts/scale-error.ts'
import { CHART_THEMES } from '../../../renderer/charts/theme.ts'
import { seededNormal } from '../../support/random-rows.ts'
import { draw, textsOf } from './draw.ts'

const theme = CHART_THEMES.dark
const names = { reference: 'reference', chosen: 'optimal' }
const next = seededNormal(5)
const weights = Float32Array.from({ length: 32 }, next)

function explored() {
  const [reference, chosen] = [new Uint8Array(18), new Uint8Array(18)]
  Q4_0.methods.reference?.(weights, null, reference)
  Q4_0.methods.optimal?.(weights, null, chosen)
  const row = {
    format: Q4_0,
    scaled: scaledFormat('Q4_0')!,
    method: 'optimal',
    weights,
    importance: null,
  } as const
  return exploreRow({ ...row, reference, chosen }, 0)
}

/** Error with the nearest codes, from scratch. */
function errorAt(scale: number): number {
  return weights.reduce((sum, weight) => {
    const errors = Array.from({ length: 16 }, (_none, code) => (weight - scale * (code - 8)) ** 2)
    return sum + Math.min(...errors)
  }, 0)
}

test('the curve is the error of the nearest codes at every scale drawn', () => {
  const block = explored()
  const points = curvePoints(block, scaleWindow(block, false))
  expect(points.length).toBeGreaterThan(600)
  for (const [scale, error] of points) expect(error).toBeCloseTo(errorAt(scale), 6)
})

test('the choice is the lowest point drawn, as far as a stored scale can be', () => {
  const block = explored()
  const errors = curvePoints(block, scaleWindow(block, true)).map(([, error]) => error)
  expect(Math.min(...errors)).toBeLessThanOrEqual(block.chosen.error)
  expect(Math.min(...errors)).toBeGreaterThan(block.chosen.error * 0.995)
  expect(block.chosen.error).toBeLessThan(block.reference.error)
})

test('at breakpoints two levels of a weight are equally near', () => {
  const block = explored()
  const found = breakpointsIn(block, scaleWindow(block, true))
  expect(found.length).toBeGreaterThan(0)
  for (const [scale] of found) {
    const distances = [...weights].map((weight) => Math.abs(((Math.abs(weight / scale) + 0.5) % 1) - 0))
    expect(Math.min(...distances.map((distance) => Math.min(distance, 1 - distance)))).toBeLessThan(1e-6)
  }
})

test.each([false, true])('both charts name what they show (near: %s)', (near) => {
  const block = explored()
  const expected: unknown = expect.arrayContaining(['reference', 'optimal'])
  expect(textsOf(draw(scaleErrorOption(block, names, near, theme)))).toEqual(expected)
  expect(textsOf(draw(blockWeightsOption(block, names, theme)))).toEqual(expected)
})
