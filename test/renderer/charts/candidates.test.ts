import { expect, test } from 'vitest'
import type { CandidateOption } from '../../../preload/contract.ts'
import { candidatesOption } from '../../../renderer/charts/candidates.ts'
import { CHART_THEMES } from '../../../renderer/charts/theme.ts'
import { draw, textsOf } from './draw.ts'

function candidate(format: string, bytes: number, damage: number, change: Partial<CandidateOption> = {}) {
  return {
    format,
    method: 'reference',
    bytes,
    damage,
    onHull: true,
    chosen: false,
    slope: null,
    ...change,
  } as const
}

const options = [
  candidate('Q3_K', 30_000, 0.04),
  candidate('Q4_0', 45_000, 0.03, { onHull: false }),
  candidate('Q4_K', 45_000, 0.01, { chosen: true, slope: 0.03 / 15_000 }),
  candidate('Q6_K', 65_000, 0.001, { slope: 0.009 / 20_000 }),
  candidate('Q2_K', 26_000, 1),
]
const PRICE = 0.01 / 15_000
const option = candidatesOption({ options, price: PRICE }, CHART_THEMES.dark)
type Lines = readonly { readonly name: string; readonly data: readonly (readonly [number, number])[] }[]
const lineOf = (name: string) =>
  (option.series as unknown as Lines).find((one) => one.name === name)?.data ?? []

test('names every candidate that is not far worse than the chosen one', () => {
  const texts = textsOf(draw(option))
  expect(['Q3_K', 'Q4_0', 'Q4_K', 'Q6_K'].every((name) => texts.includes(name))).toBe(true)
  expect(texts).not.toContain('Q2_K')
})

test('the hull leaves out what a mix of others beats', () => {
  expect(lineOf('hull').map(([size]) => size * 1024)).toEqual([26_000, 30_000, 45_000, 65_000])
})

test('the price of a byte is the slope of the line through the chosen candidate', () => {
  const [[x1, y1] = [0, 0], [x2, y2] = [0, 0]] = lineOf('price of a byte')
  expect((y1 - y2) / ((x2 - x1) * 1024)).toBeCloseTo(PRICE, 12)
})
