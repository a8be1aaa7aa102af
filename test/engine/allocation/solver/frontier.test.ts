import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildFrontier } from '../../../../main/engine/allocation/solver/frontier.ts'
import type { Problem } from '../../../../main/engine/allocation/solver/problem.ts'
import { modelProblem, MODEL_SHAPES, type ModelShape } from '../../../support/allocation-problems.ts'
import { errorOf } from '../../../support/thrown.ts'

const SHAPES = Object.keys(MODEL_SHAPES) as ModelShape[]

/** Bytes and damage of choices, added up one by one. */
function totals(problem: Problem, choices: Int32Array) {
  const chosen = problem.map((options, group) => options[choices[group]!]!)
  return {
    bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0),
    damage: chosen.reduce((sum, { damage }) => sum + damage, 0),
  }
}

const group = fc.array(fc.record({ bytes: fc.nat(20), damage: fc.nat(20) }), { minLength: 1, maxLength: 6 })
const problems = fc.array(group, { minLength: 1, maxLength: 5 })

describe.each(SHAPES)('the frontier of %s', (shape) => {
  const problem = modelProblem(shape, 1)
  const frontier = buildFrontier(problem)

  it('begins with the fewest bytes and ends with the least damage', () => {
    const fewest = problem.map((options) => Math.min(...options.map(({ bytes }) => bytes)))
    const least = problem.map((options) => Math.min(...options.map(({ damage }) => damage)))
    expect(frontier.smallestBytes).toBe(fewest.reduce((sum, bytes) => sum + bytes, 0))
    expect(frontier.points.at(-1)?.damage).toBe(least.reduce((sum, damage) => sum + damage, 0))
    expect(frontier.largestBytes).toBe(frontier.points.at(-1)?.bytes)
  })

  it('has more bytes, less damage and a flatter slope at every point', () => {
    const { points } = frontier
    const wrong = points.slice(1).filter(({ bytes, damage, slope }, index) => {
      const before = points[index]!
      return !(bytes > before.bytes && damage < before.damage && slope > 0 && slope <= before.slope)
    })
    expect(wrong).toEqual([])
  })

  it('knows the damage of every point to twelve digits', () => {
    const { points } = frontier
    const step = Math.max(1, Math.floor(points.length / 50))
    const indices = points.map((_, index) => index).filter((index) => index % step === 0)
    for (const index of [...indices, points.length - 1]) {
      const { bytes, damage } = totals(problem, frontier.choicesAt(index))
      expect(points[index]!.bytes).toBe(bytes)
      expect(Math.abs(points[index]!.damage - damage)).toBeLessThanOrEqual(1e-12 * damage)
    }
  })

  it('is the same for the same problem', () => {
    const again = buildFrontier(modelProblem(shape, 1))
    expect(again.points).toEqual(frontier.points)
    const middle = frontier.points.length >> 1
    expect(again.choicesAt(middle)).toEqual(frontier.choicesAt(middle))
  })
})

describe('the frontier', () => {
  it('has every choice that is best for some price, and no worse one', () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 1, max: 200 }), (problem, tenths) => {
        const price = tenths / 10
        const best = problem.reduce(
          (sum, options) => sum + Math.min(...options.map(({ bytes, damage }) => damage + price * bytes)),
          0,
        )
        const { points } = buildFrontier(problem)
        const found = Math.min(...points.map(({ bytes, damage }) => damage + price * bytes))
        expect(found).toBeCloseTo(best, 9)
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps its sums exact where damages differ by twenty orders of magnitude', () => {
    const problem = Array.from({ length: 200 }, (_, index) => [
      { bytes: 1, damage: 1e10 / (index + 1) },
      { bytes: 2, damage: 1e-10 / (index + 1) },
    ])
    const { points } = buildFrontier(problem)
    const last = problem.reduce((sum, options) => sum + options[1]!.damage, 0)
    expect(Math.abs(points.at(-1)!.damage - last)).toBeLessThanOrEqual(1e-12 * last)
    expect(points.at(-2)!.damage).toBeCloseTo(1e10 / 200, 4)
  })

  it('passes through the points of a straight line', () => {
    const line = [4, 3, 2, 1].map((damage, bytes) => ({ bytes, damage }))
    expect(buildFrontier([line]).points.map(({ bytes }) => bytes)).toEqual([0, 1, 2, 3])
  })

  it('leaves out options above the hull', () => {
    const options = [
      { bytes: 0, damage: 10 },
      { bytes: 5, damage: 9 },
      { bytes: 10, damage: 0 },
    ]
    expect(buildFrontier([options]).points).toEqual([
      { bytes: 0, damage: 10, slope: Infinity },
      { bytes: 10, damage: 0, slope: 1 },
    ])
  })

  it('leaves out options with more bytes and more damage', () => {
    const frontier = buildFrontier([
      [
        { bytes: 9, damage: 9 },
        { bytes: 3, damage: 1 },
        { bytes: 3, damage: 4 },
        { bytes: 8, damage: 1 },
      ],
    ])
    expect(frontier.points).toEqual([{ bytes: 3, damage: 1, slope: Infinity }])
    expect([...frontier.choicesAt(0)]).toEqual([1])
  })

  it('takes the first of equal options', () => {
    const same = { bytes: 2, damage: 2 }
    expect([...buildFrontier([[same, same]]).choicesAt(0)]).toEqual([0])
  })

  it('takes equal slopes in the order of the groups', () => {
    const options = [
      { bytes: 0, damage: 1 },
      { bytes: 1, damage: 0 },
    ]
    const frontier = buildFrontier([options, options, options])
    const choices = frontier.points.map((_, index) => [...frontier.choicesAt(index)].join(''))
    expect(choices).toEqual(['000', '100', '110', '111'])
  })

  it('of no groups is a point without bytes', () => {
    expect(buildFrontier([]).points).toEqual([{ bytes: 0, damage: 0, slope: Infinity }])
  })
})

describe('a problem is refused', () => {
  it.each([
    ['a group without options', []],
    ['a damage that is no number', [{ bytes: 1, damage: NaN }]],
    ['an infinite damage', [{ bytes: 1, damage: Infinity }]],
    ['a negative damage', [{ bytes: 1, damage: -1 }]],
    ['a part of a byte', [{ bytes: 1.5, damage: 1 }]],
    ['negative bytes', [{ bytes: -1, damage: 1 }]],
    ['bytes that are no number', [{ bytes: NaN, damage: 1 }]],
  ])('for %s', (_, options) => {
    const error = errorOf(() => buildFrontier([[{ bytes: 1, damage: 1 }], options]))
    expect(error).toMatchObject({ code: 'BAD_OPTIONS', place: 'group 1 of the allocation' })
  })
})
