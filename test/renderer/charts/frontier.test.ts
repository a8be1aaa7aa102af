import { expect, test } from 'vitest'
import { frontierOption, sizeUnit, type FrontierInput } from '../../../renderer/charts/frontier.ts'
import { CHART_THEMES } from '../../../renderer/charts/theme.ts'
import { draw, textsOf } from './draw.ts'

const MIB = 1024 ** 2
const point = (size: number, damage: number) => ({ fileBytes: size * MIB, bpw: size, damage })
const input: FrontierInput = {
  points: [point(2, 0.1), point(3, 0.02), point(4, 0.004), point(6, 0.001)],
  presets: [
    { ...point(4.1, 0.008), name: 'Q4_K_M' },
    { ...point(13, 0.0001), name: 'F16' },
  ],
  verified: [{ label: 'mine', fileBytes: 4 * MIB, bpw: 4, kld: 0.002, standardError: 0.0001 }],
  plan: point(4, 0.004),
  unit: '',
  sameUnit: false,
}
const optionOf = (change: Partial<FrontierInput> = {}) =>
  frontierOption({ ...input, ...change }, CHART_THEMES.light)
const textsIn = (change: Partial<FrontierInput> = {}) => textsOf(draw(optionOf(change)))

/** What the pointer sees at an item of a series. */
function tooltip(series: string, index: number): string {
  const option = optionOf()
  const found = (option.series as { name: string; data: unknown[] }[]).find(({ name }) => name === series)
  const { formatter } = option.tooltip as { formatter: (parameters: unknown) => string }
  return formatter({ data: found?.data[index] })
}

test('names the presets that the frontier reaches, and leaves the others out', () => {
  expect(textsIn()).toContain('Q4_K_M')
  expect(textsIn()).not.toContain('F16')
})

test('divergences stand on an axis of their own unless the damage is one', () => {
  expect(textsIn()).toContain('measured KL divergence, nats')
  expect(textsIn({ sameUnit: true, unit: 'nats' })).not.toContain('measured KL divergence, nats')
  expect(textsIn({ sameUnit: true, unit: 'nats' })).toContain('predicted damage, nats')
})

test('without anything verified there is no second axis to look at', () => {
  expect(textsIn({ verified: [] })).not.toContain('measured KL divergence, nats')
})

test('a plan without damage has no place on a logarithmic axis, and the rest is drawn', () => {
  const picture = textsIn({ points: [...input.points, point(8, 0)], plan: point(8, 0) })
  expect(picture).toContain('Q4_K_M')
})

test('a single best plan can be drawn', () => {
  expect(textsIn({ points: [point(4, 0.01)], presets: [], verified: [] })).toContain('file size, MiB')
})

test('sizes are in the unit of the largest plan', () => {
  expect([sizeUnit(input.points).name, sizeUnit([point(4096, 1)]).name]).toEqual(['MiB', 'GiB'])
})

test('the pointer sees exact bytes, and what a preset has more than the best plan of its size', () => {
  expect(tooltip('presets', 0)).toContain('4,299,162 bytes')
  expect(tooltip('presets', 0)).toContain('100 %')
  expect(tooltip('verified (KL divergence)', 0)).toContain('0.00200 ± 1.0e-4 nats')
})
