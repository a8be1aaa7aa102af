import { describe, expect, it } from 'vitest'
import {
  type Grid,
  IQ1_GRID,
  IQ2_S_GRID,
  IQ2_XS_GRID,
  IQ2_XXS_GRID,
  IQ3_S_GRID,
  IQ3_XXS_GRID,
} from '../../../main/engine/quantizers/grids.ts'
import { seededRandom } from '../../support/random-rows.ts'

/** Size and number of distinct distances in a list of neighbours, from ggml-quants.c. */
const GRIDS: [string, Grid, number, number][] = [
  ['IQ2_XXS', IQ2_XXS_GRID, 256, 2],
  ['IQ2_XS', IQ2_XS_GRID, 512, 2],
  ['IQ2_S', IQ2_S_GRID, 1024, 1],
  ['IQ1', IQ1_GRID, 2048, 3],
  ['IQ3_XXS', IQ3_XXS_GRID, 256, 2],
  ['IQ3_S', IQ3_S_GRID, 512, 3],
]

function codesOf(grid: Grid, index: number): number[] {
  return [...grid.codes.subarray(index * grid.dimensions, (index + 1) * grid.dimensions)]
}

function pack(grid: Grid, codes: number[]): number {
  return codes.reduce((packed, code, i) => packed | (code << ((grid.dimensions === 8 ? 2 : 3) * i)), 0)
}

function randomCodes(grid: Grid, random: () => number): number[] {
  const levels = grid.dimensions === 8 ? 3 : 8
  return Array.from({ length: grid.dimensions }, () => Math.floor(levels * random()))
}

/** Sorts all points by distance in the odd coordinates 2 l + 1, then by number, as ggml does. */
function sortedNeighbours(grid: Grid, codes: number[], wanted: number): number[] {
  const sorted = Array.from({ length: grid.size }, (_, index) => {
    const distance = codesOf(grid, index).reduce((sum, code, i) => sum + 4 * (code - codes[i]!) ** 2, 0)
    return { index, distance }
  }).sort((a, b) => a.distance - b.distance || a.index - b.index)
  const farthest = [...new Set(sorted.map(({ distance }) => distance))][wanted - 1]!
  return sorted.filter(({ distance }) => distance <= farthest).map(({ index }) => index)
}

describe.each(GRIDS)('grid of %s', (_name, grid, size, wanted) => {
  it('has distinct points with codes in range', () => {
    const points = new Set(Array.from({ length: grid.size }, (_, index) => pack(grid, codesOf(grid, index))))
    expect(points.size).toBe(size)
    expect(Math.max(...grid.codes)).toBe(grid.dimensions === 8 ? 2 : 7)
  })

  it('finds every point by its packed codes', () => {
    for (let index = 0; index < size; index += 1) {
      expect(grid.indexOf(pack(grid, codesOf(grid, index)))).toBe(index)
    }
  })

  it('lists neighbours by distance, then by number', () => {
    const random = seededRandom(7)
    const off = Array.from({ length: 200 }, () => randomCodes(grid, random)).filter(
      (codes) => grid.indexOf(pack(grid, codes)) < 0,
    )
    expect(off.length).toBeGreaterThan(50)
    for (const codes of off) {
      expect([...grid.neighbours(pack(grid, codes))]).toEqual(sortedNeighbours(grid, codes, wanted))
    }
  })
})
