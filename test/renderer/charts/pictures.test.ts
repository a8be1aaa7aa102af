import { describe, expect, test } from 'vitest'
import { errorProfileOption, profileBands } from '../../../renderer/charts/error-profile.ts'
import { histogramBins, histogramOption } from '../../../renderer/charts/histogram.ts'
import { formatColour } from '../../../renderer/charts/palette.ts'
import { roleShares, roleTreemapOption } from '../../../renderer/charts/role-treemap.ts'
import { CHART_THEMES } from '../../../renderer/charts/theme.ts'
import { typeBarOption } from '../../../renderer/charts/type-bar.ts'
import { draw, fillsOf, textsOf } from './draw.ts'

const theme = CHART_THEMES.light

describe('histogram', () => {
  const histogram = {
    minimum: -1, maximum: 1, mean: 0, standardDeviation: 0.5, zeros: 0, nonFinite: 0,
    count: 111, sampledRows: 1, rows: 1, counts: [1, 100, 0, 10],
  } // prettier-ignore

  test('bins span the range in equal widths', () => {
    expect(histogramBins(histogram).map((bin) => [bin.from, bin.to])).toEqual([
      [-1, -0.5],
      [-0.5, 0],
      [0, 0.5],
      [0.5, 1],
    ])
  })

  test.each([true, false])('draws one bar per bin that is not empty (logarithmic: %s)', (logCounts) => {
    expect(fillsOf(draw(histogramOption({ histogram, logCounts }, theme)), theme.accent)).toBe(3)
  })

  test('a constant tensor is drawn', () => {
    const constant = { ...histogram, minimum: 0.5, maximum: 0.5, counts: [111] }
    expect(draw(histogramOption({ histogram: constant, logCounts: false }, theme))).toContain('<svg')
  })
})

describe('error profile', () => {
  const profile = { rowBands: 2, columnBands: 2, values: [1e-4, 2e-4, null, null] }

  test('bands know their rows and columns', () => {
    expect(profileBands({ profile, rows: 100, columns: 64 })[1]).toEqual({
      firstRow: 0, lastRow: 49, firstColumn: 32, lastColumn: 63, mse: 2e-4,
    }) // prettier-ignore
  })

  test('bands without a sampled row are left out', () => {
    const option = errorProfileOption({ profile, rows: 100, columns: 64 }, theme)
    expect((option.series as { data: readonly unknown[] }).data).toHaveLength(2)
    expect(textsOf(draw(option))).toEqual(expect.arrayContaining(['64 columns →', '← 100 rows']))
  })
})

describe('type bar', () => {
  test('widths are shares of the bytes, most bits first, small ones without a name', () => {
    const shares = [
      { type: 'Q4_K', bytes: 700, tensors: 7, bpw: 4.5 },
      { type: 'F32', bytes: 10, tensors: 2, bpw: 32 },
      { type: 'type 99 (unknown)', bytes: 290, tensors: 1, bpw: null },
    ]
    const option = typeBarOption(shares, theme)
    const names = (option.series as readonly { name: string }[]).map((one) => one.name)
    expect(names).toEqual(['F32', 'Q4_K', 'type 99 (unknown)'])
    const picture = draw(option)
    expect(fillsOf(picture, formatColour(4.5))).toBe(1)
    expect(textsOf(picture)).toEqual(['Q4_K  70.0 %', 'type 99 (unknown)  29.0 %'])
  })
})

describe('role treemap', () => {
  test('sums the parameters of a role, largest first', () => {
    const tensors = [
      { role: 'attn_q', shape: [4, 4] },
      { role: 'ffn_up', shape: [4, 16] },
      { role: 'attn_q', shape: [4, 4] },
    ]
    expect(roleShares(tensors)).toEqual([
      { role: 'ffn_up', parameters: 64, tensors: 1 },
      { role: 'attn_q', parameters: 32, tensors: 2 },
    ])
    expect(draw(roleTreemapOption(roleShares(tensors), theme))).toContain('ffn_up')
  })
})
