import { describe, expect, test } from 'vitest'
import {
  BLUE_WHITE_ORANGE,
  CIVIDIS,
  contrast,
  formatColour,
  interpolate,
  luminance,
  textOn,
  VIRIDIS,
} from '../../../renderer/charts/palette.ts'

describe('interpolate', () => {
  test('reproduces the anchors at equal steps', () => {
    expect(CIVIDIS.map((_colour, index) => interpolate(CIVIDIS, index / 9))).toEqual([...CIVIDIS])
  })

  test('mixes the channels of two neighbours', () => {
    expect(interpolate(['#000000', '#804020'], 0.5)).toBe('#402010')
  })

  test('takes the nearest end outside of 0 to 1', () => {
    expect([interpolate(VIRIDIS, -3), interpolate(VIRIDIS, 7)]).toEqual([VIRIDIS[0], VIRIDIS.at(-1)])
  })
})

test('sequential ramps grow brighter from end to end', () => {
  for (const ramp of [CIVIDIS, VIRIDIS]) {
    const levels = Array.from({ length: 64 }, (_none, index) => luminance(interpolate(ramp, index / 63)))
    expect(levels).toEqual([...levels].sort((a, b) => a - b))
  }
})

test('the diverging ramp is brightest in the middle', () => {
  const levels = BLUE_WHITE_ORANGE.map((colour) => luminance(colour))
  expect(levels.indexOf(Math.max(...levels))).toBe(4)
})

test('contrast of black and white is 21', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
})

test('the name of a format can be read on every colour of the ramp', () => {
  for (let bpw = 1.5; bpw <= 32; bpw += 0.25) {
    const colour = formatColour(bpw)
    expect(contrast(colour, textOn(colour)), `${bpw} bpw`).toBeGreaterThanOrEqual(4.5)
  }
})

test('formats of more bits are brighter', () => {
  const levels = [2, 3, 4.5, 5.5, 6.5625, 8.5, 16, 32].map((bpw) => luminance(formatColour(bpw)))
  expect(levels).toEqual([...levels].sort((a, b) => a - b))
})
