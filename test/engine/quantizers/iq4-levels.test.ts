import { describe, expect, it } from 'vitest'
import { levelCode, LEVELS } from '../../../main/engine/quantizers/iq4-levels.ts'

const { fround } = Math
const MIDPOINTS = LEVELS.slice(1).map((level, k) => (LEVELS[k]! + level) / 2)

/** The single-precision numbers `steps` places above a value, or below it. */
function neighbour(value: number, steps: number): number {
  const cell = Float32Array.of(value)
  const bits = new Int32Array(cell.buffer)
  bits[0] = bits[0]! + (value < 0 ? -steps : steps)
  return cell[0]!
}

/** The nearest level by distances rounded to single precision, the upper one of equals. */
function nearestByDistance(value: number): number {
  const distances = LEVELS.map((level) => fround(Math.abs(value - level)))
  return distances.lastIndexOf(Math.min(...distances))
}

describe('the code of a level', () => {
  it('is that of the nearest one, on both sides of every midpoint and on it', () => {
    for (const midpoint of MIDPOINTS) {
      for (let steps = -50; steps <= 50; steps += 1) {
        const value = neighbour(midpoint, steps)
        expect(levelCode(value)).toBe(nearestByDistance(value))
      }
    }
  })

  it('is that of the level itself for every level', () => {
    expect(LEVELS.map(levelCode)).toEqual([...LEVELS.keys()])
  })

  it('stays at the ends beyond them, and at the upper one for what is no number', () => {
    expect([-1e30, -128, -127.5, 113.5, 1e30, NaN].map(levelCode)).toEqual([0, 0, 0, 15, 15, 15])
  })
})
