import { describe, expect, test } from 'vitest'
import { formatColour } from '../../../renderer/charts/palette.ts'
import { CHART_THEMES } from '../../../renderer/charts/theme.ts'
import { typeMapOption, typeMapPlaces, type TypeMapCell } from '../../../renderer/charts/type-map.ts'
import { draw, fillsOf, textsOf } from './draw.ts'

function cell(tensor: string, format: string, bpw: number, rest: Partial<TypeMapCell> = {}): TypeMapCell {
  return {
    layer: 0,
    role: 'attn_q',
    tensor,
    format,
    requested: format,
    bpw,
    bytes: 100,
    pinned: false,
    ...rest,
  }
}

describe('places', () => {
  test('several tensors show the format that most of them have', () => {
    const [place] = typeMapPlaces([
      cell('a', 'Q4_K', 4.5),
      cell('b', 'Q6_K', 6.5625),
      cell('c', 'Q6_K', 6.5625),
    ])
    expect(place).toMatchObject({ format: 'Q6_K', bytes: 300 })
    expect(place?.formats).toEqual([
      ['Q6_K', 2],
      ['Q4_K', 1],
    ])
  })

  test('a place is locked when one of its tensors is', () => {
    const [place] = typeMapPlaces([cell('a', 'Q4_K', 4.5), cell('b', 'Q4_K', 4.5, { pinned: true })])
    expect(place?.pinned).toBe(true)
  })
})

test('every cell has the colour and the name of its format', () => {
  const cells = [cell('a', 'Q4_K', 4.5), cell('b', 'Q8_0', 8.5, { layer: 1 })]
  const picture = draw(
    typeMapOption({ places: typeMapPlaces(cells), selected: new Set() }, CHART_THEMES.light),
  )
  expect(textsOf(picture)).toEqual(expect.arrayContaining(['Q4_K', 'Q8_0']))
  expect(fillsOf(picture, formatColour(4.5))).toBe(1)
  expect(fillsOf(picture, formatColour(8.5))).toBe(1)
})

test('cells too small for a name leave it out', () => {
  const cells = Array.from({ length: 90 }, (_none, layer) => cell(`${layer}`, 'Q4_K', 4.5, { layer }))
  const picture = draw(
    typeMapOption({ places: typeMapPlaces(cells), selected: new Set() }, CHART_THEMES.light),
  )
  expect(textsOf(picture)).not.toContain('Q4_K')
  expect(fillsOf(picture, formatColour(4.5))).toBe(90)
})
