import { expect, test } from 'vitest'
import { divergenceOverSizeOption, verifiedPointOf } from '../../../renderer/charts/divergence-over-size.ts'
import { sensitivityBarOf, sensitivityBarsOption } from '../../../renderer/charts/sensitivity-bars.ts'
import { CHART_THEMES } from '../../../renderer/charts/theme.ts'
import { draw, fillsOf, textsOf } from './draw.ts'

const theme = CHART_THEMES.light
const MIB = 2 ** 20
const point = (label: string, size: number, kld: number) => ({
  id: label, label, fileBytes: size * MIB, bpw: size, kld, standardError: kld / 10, text: 'text.txt',
}) // prettier-ignore

test('every verified candidate stands at its size by name; exact copies have no place', () => {
  const points = [point('Q8_0', 7, 1e-4), point('Q3_K_M', 3.5, 6e-3), point('copy', 13, 0)]
  const texts = textsOf(draw(divergenceOverSizeOption({ points, selected: null }, theme)))
  expect(texts).toEqual(expect.arrayContaining(['Q8_0', 'Q3_K_M', 'file size, MiB', '0.001']))
  expect(texts).not.toContain('copy')
})

test('a chart of nothing draws', () => {
  expect(draw(divergenceOverSizeOption({ points: [], selected: null }, theme))).toContain('<svg')
  expect(draw(sensitivityBarsOption([], 'Sensitivity', 'log', theme))).toContain('<svg')
})

test('a click finds its candidate and its bar', () => {
  const one = point('Q8_0', 7, 1e-4)
  expect(verifiedPointOf({ data: { value: [7, 1e-4], point: one } })).toBe(one)
  const bar = {
    name: 'output.weight',
    value: 1,
    standardError: 0.1,
    tensors: ['output.weight'],
    selected: false,
    details: [],
  }
  expect(sensitivityBarOf({ data: { value: 1, bar: () => bar } })).toBe(bar)
  expect(sensitivityBarOf({})).toBeNull()
})

test.each(['log', 'linear'] as const)('bars carry names, and the selected one the accent (%s)', (scale) => {
  const bar = (name: string, value: number, selected: boolean) => ({
    name, value, standardError: value / 5, tensors: [name], selected, details: [],
  }) // prettier-ignore
  const bars = [bar('output.weight', 9, false), bar('<b>', 0.02, true)]
  const picture = draw(sensitivityBarsOption(bars, 'Sensitivity', scale, theme))
  expect(textsOf(picture)).toEqual(expect.arrayContaining(['output.weight', 'Sensitivity']))
  expect(fillsOf(picture, theme.accent)).toBe(1)
})
