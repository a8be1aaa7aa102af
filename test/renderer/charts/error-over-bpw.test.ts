import { describe, expect, test } from 'vitest'
import {
  errorOverBpwOption,
  gaussianLimit,
  paretoPoints,
  type FormatPoint,
} from '../../../renderer/charts/error-over-bpw.ts'
import { measureInfo } from '../../../renderer/charts/measures.ts'
import { CHART_THEMES } from '../../../renderer/charts/theme.ts'
import { draw, textsOf } from './draw.ts'

function point(format: string, bpw: number, value: number): FormatPoint {
  return { format, bpw, value, standardError: null }
}

describe('Pareto line', () => {
  const points = [
    point('Q8_0', 8.5, 0.005),
    point('Q4_0', 4.5, 0.09),
    point('Q4_K', 4.5, 0.07),
    point('Q5_1', 6, 0.08),
  ]

  test('keeps what no other format beats in bits and error', () => {
    expect(paretoPoints(points, 'highest').map((one) => one.format)).toEqual(['Q4_K', 'Q8_0'])
  })

  test('turns around for a measure of which more is better', () => {
    const cosines = points.map((one) => ({ ...one, value: 1 - one.value }))
    expect(paretoPoints(cosines, 'lowest').map((one) => one.format)).toEqual(['Q4_K', 'Q8_0'])
  })
})

test('the Gaussian limit halves with each bit', () => {
  const line = new Map(gaussianLimit(2, 4))
  expect([line.get(2), line.get(3), line.get(4)]).toEqual([0.25, 0.125, 0.0625])
})

test('draws every format by name and says what the limit is', () => {
  const points = [point('Q8_0', 8.5, 0.005), point('Q4_K', 4.5, 0.07), point('F32', 32, 0)]
  const measure = measureInfo('relativeError')
  const texts = textsOf(draw(errorOverBpwOption({ points, measure, selected: 'Q4_K' }, CHART_THEMES.light)))
  expect(texts).toEqual(expect.arrayContaining(['Q8_0', 'Q4_K', 'Gaussian rate-distortion limit 2^-bpw']))
  expect(texts, 'an exact copy has no place on a logarithmic axis').not.toContain('F32')
})

test('other measures have no Gaussian limit', () => {
  const points = [point('Q8_0', 8.5, 0.999)]
  const texts = textsOf(
    draw(errorOverBpwOption({ points, measure: measureInfo('cosine'), selected: null }, CHART_THEMES.dark)),
  )
  expect(texts.some((text) => text.includes('Gaussian'))).toBe(false)
})
