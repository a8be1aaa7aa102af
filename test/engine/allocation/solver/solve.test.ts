import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildFrontier, type Frontier } from '../../../../main/engine/allocation/solver/frontier.ts'
import type { Option, Problem } from '../../../../main/engine/allocation/solver/problem.ts'
import { solve, type Solution } from '../../../../main/engine/allocation/solver/solve.ts'
import { modelProblem, MODEL_SHAPES, type ModelShape } from '../../../support/allocation-problems.ts'
import { seededRandom } from '../../../support/random-rows.ts'
import { errorOf } from '../../../support/thrown.ts'

const SHAPES = Object.keys(MODEL_SHAPES) as ModelShape[]

/** Least damage within a budget, by trying every combination; Infinity when none fits. */
function bruteForce(problem: Problem, budget: number): number {
  let states: Option[] = [{ bytes: 0, damage: 0 }]
  for (const options of problem) {
    states = states.flatMap((state) =>
      options.map(({ bytes, damage }) => ({ bytes: state.bytes + bytes, damage: state.damage + damage })),
    )
  }
  return Math.min(Infinity, ...states.filter(({ bytes }) => bytes <= budget).map(({ damage }) => damage))
}

function expectConsistent(problem: Problem, budget: number, solution: Solution): void {
  const chosen = problem.map((options, group) => options[solution.choices[group]!]!)
  const damage = chosen.reduce((sum, option) => sum + option.damage, 0)
  expect(solution.bytes).toBe(chosen.reduce((sum, option) => sum + option.bytes, 0))
  expect(solution.bytes).toBeLessThanOrEqual(budget)
  expect(Math.abs(solution.damage - damage)).toBeLessThanOrEqual(1e-12 * damage)
  expect(solution.lowerBound).toBeLessThanOrEqual(solution.damage)
  const gap = solution.damage === 0 ? 0 : (solution.damage - solution.lowerBound) / solution.damage
  expect(solution.gap).toBe(gap)
  expect(solution.price).toBeGreaterThanOrEqual(0)
}

function expectBest(problem: Problem, budget: number): void {
  const best = bruteForce(problem, budget)
  if (best === Infinity) {
    expect(errorOf(() => solve(buildFrontier(problem), budget))?.code).toBe('BUDGET_OUT_OF_REACH')
    return
  }
  const solution = solve(buildFrontier(problem), budget)
  expectConsistent(problem, budget, solution)
  expect(solution.exact).toBe(true)
  expect(Math.abs(solution.damage - best)).toBeLessThanOrEqual(1e-12 * best)
}

function groupsOf(option: fc.Arbitrary<Option>): fc.Arbitrary<Problem> {
  const group = fc.array(option, { minLength: 1, maxLength: 5 })
  return fc.array(group, { minLength: 1, maxLength: 6 })
}

const wholeNumbers = fc.record({ bytes: fc.nat(40), damage: fc.nat(40) })
const fractions = fc.record({ bytes: fc.nat(1000), damage: fc.double({ min: 0, max: 1, noNaN: true }) })
const manyScales = fc.record({
  bytes: fc.nat(1_000_000),
  damage: fc.integer({ min: -60, max: 10 }).map((exponent) => 2 ** exponent),
})
/** Every option on one line: all slopes equal, where rounding decides. */
const oneSlope = fc.nat(60).map((bytes) => ({ bytes, damage: 0.1 * (60 - bytes) }))

describe('the best of all combinations is found', () => {
  it.each([
    ['whole numbers', wholeNumbers, 200],
    ['fractions', fractions, 4000],
    ['damages of many scales', manyScales, 4_000_000],
    ['equal slopes', oneSlope, 300],
  ])('for %s', (_, option, largest) => {
    const check = fc.property(groupsOf(option), fc.nat(largest), expectBest)
    fc.assert(check, { numRuns: 1500 })
  })

  it('for equal groups, whose order does not matter', () => {
    const group = fc.array(wholeNumbers, { minLength: 2, maxLength: 4 })
    const check = fc.property(
      group,
      fc.integer({ min: 2, max: 6 }),
      fc.nat(240),
      (options, count, budget) => {
        expectBest(Array<typeof options>(count).fill(options), budget)
      },
    )
    fc.assert(check, { numRuns: 1500 })
  })

  it('where only an option above the hull fits', () => {
    const options = [
      { bytes: 0, damage: 10 },
      { bytes: 5, damage: 9 },
      { bytes: 10, damage: 0 },
    ]
    const solution = solve(buildFrontier([options]), 7)
    expect([...solution.choices]).toEqual([1])
    expect(solution).toMatchObject({ bytes: 5, damage: 9, lowerBound: 9, gap: 0, exact: true, price: 1 })
  })

  it('where a step of the hull is to be undone for a better one', () => {
    const small = [
      { bytes: 0, damage: 10 },
      { bytes: 4, damage: 0 },
    ]
    const large = [
      { bytes: 0, damage: 20 },
      { bytes: 10, damage: 0 },
    ]
    expect([...solve(buildFrontier([small, large]), 10).choices]).toEqual([0, 1])
  })
})

/** Budgets over the whole range, denser where it is steep. */
function budgetsOf({ smallestBytes, largestBytes }: Frontier, count: number): number[] {
  const random = seededRandom(count)
  return Array.from({ length: count }, () =>
    Math.floor(smallestBytes + (largestBytes - smallestBytes) * random() ** 2),
  )
}

describe.each(SHAPES)('a budget for %s', (shape) => {
  const problem = modelProblem(shape, 7)
  const frontier = buildFrontier(problem)
  const solved = budgetsOf(frontier, 60).map((budget) => ({ budget, solution: solve(frontier, budget) }))

  it('is kept by choices that add up', () => {
    for (const { budget, solution } of solved) expectConsistent(problem, budget, solution)
  })

  it('is at most 0.1 % from the bound', () => {
    expect(Math.max(...solved.map(({ solution }) => solution.gap))).toBeLessThanOrEqual(0.001)
  })

  it('is used at least as well as by any point of the frontier', () => {
    for (const { budget, solution } of solved) {
      const within = frontier.points.filter(({ bytes }) => bytes <= budget)
      expect(solution.damage).toBeLessThanOrEqual(within.at(-1)!.damage * (1 + 1e-12))
    }
  })

  it('has a bound that no cheaper price contradicts', () => {
    for (const { budget, solution } of solved) {
      // The Lagrangian bound of any price is valid; the one reported must be at least as good as all of them.
      const bounds = frontier.points.map(({ bytes, damage, slope }) =>
        slope === Infinity ? 0 : damage - slope * (budget - bytes),
      )
      expect(solution.lowerBound).toBeGreaterThanOrEqual(Math.max(...bounds) * (1 - 1e-12))
    }
  })

  it('gives the same choices every time', () => {
    const { budget, solution } = solved[0]!
    expect(solve(buildFrontier(modelProblem(shape, 7)), budget)).toEqual(solution)
  })
})

/** Least damage within a budget, by a table over all sums of bytes. */
function byTable(problem: Problem, budget: number): number {
  let best = new Float64Array(budget + 1).fill(Infinity)
  best[0] = 0
  for (const options of problem) {
    const next = new Float64Array(budget + 1).fill(Infinity)
    for (const { bytes, damage } of options) {
      for (let sum = bytes; sum <= budget; sum++) {
        next[sum] = Math.min(next[sum]!, best[sum - bytes]! + damage)
      }
    }
    best = next
  }
  return best.reduce((least, damage) => Math.min(least, damage), Infinity)
}

/** Tensors like those of a model, but of few bytes; the first `outsized` ones a hundred times as large. */
function smallModel(seed: number, groups: number, outsized: number): Problem {
  const random = seededRandom(seed)
  return Array.from({ length: groups }, (_, group) => {
    const size = group < outsized ? 100 : 1
    const sensitivity = size * Math.exp(6 * (random() - 0.5))
    return Array.from({ length: 7 }, (_, bits) => ({
      bytes: size * Math.floor((bits + 1) * (3 + 3 * random())),
      damage: sensitivity * 4 ** -bits * Math.exp(0.5 * (random() - 0.5)),
    }))
  })
}

describe('of more tensors than can be tried out', () => {
  it.each([
    ['all of a size', 0],
    ['two of them outsized', 2],
  ])('%s, the best choice is found or nearly, and with little effort a valid bound', (_, outsized) => {
    const check = fc.property(
      fc.integer(),
      fc.integer({ min: 8, max: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 10, max: 3000 }),
      (seed, groups, place, effort) => {
        const problem = smallModel(seed, groups, outsized)
        const frontier = buildFrontier(problem)
        const { smallestBytes, largestBytes } = frontier
        const budget = smallestBytes + Math.floor((largestBytes - smallestBytes) * place)
        const best = byTable(problem, budget)
        const whole = solve(frontier, budget)
        expectConsistent(problem, budget, whole)
        expect(whole.gap).toBeLessThanOrEqual(1e-4)
        if (whole.exact) expect(Math.abs(whole.damage - best)).toBeLessThanOrEqual(1e-11 * best)
        expect(whole.lowerBound).toBeLessThanOrEqual(best * (1 + 1e-11))
        const hasty = solve(frontier, budget, effort)
        expectConsistent(problem, budget, hasty)
        expect(hasty.lowerBound).toBeLessThanOrEqual(best * (1 + 1e-11))
        expect(hasty.exact).toBe(hasty.gap === 0)
        if (hasty.exact) expect(Math.abs(hasty.damage - best)).toBeLessThanOrEqual(1e-11 * best)
      },
    )
    fc.assert(check, { numRuns: 150 })
  })

  it('little effort does not suffice for a proof, and the gap says so', () => {
    const frontier = buildFrontier(smallModel(1, 40, 2))
    const budgets = budgetsOf(frontier, 50)
    const hasty = budgets.map((budget) => solve(frontier, budget, 10))
    expect(hasty.some(({ exact }) => !exact)).toBe(true)
    expect(budgets.every((budget) => solve(frontier, budget).exact)).toBe(true)
  })
})

describe('a bound', () => {
  it('never passes the damage of a solution that was hidden in the problem', () => {
    const check = fc.property(fc.integer(), (seed) => {
      const random = seededRandom(seed)
      const problem = Array.from({ length: 60 }, () =>
        Array.from({ length: 12 }, () => ({ bytes: Math.floor(random() * 1e6), damage: random() ** 4 })),
      )
      const hidden = problem.map((options) => options[Math.floor(random() * options.length)]!)
      const budget = hidden.reduce((sum, { bytes }) => sum + bytes, 0)
      const damage = hidden.reduce((sum, option) => sum + option.damage, 0)
      const solution = solve(buildFrontier(problem), budget)
      expect(solution.lowerBound).toBeLessThanOrEqual(damage * (1 + 1e-12))
      expect(solution.damage).toBeLessThanOrEqual(damage * (1 + 1e-12))
    })
    fc.assert(check, { numRuns: 200 })
  })
})

describe('a budget at the end of the range', () => {
  const problem = modelProblem('44 tensors', 5)
  const frontier = buildFrontier(problem)

  it('gives the smallest choices when nothing else fits', () => {
    const solution = solve(frontier, frontier.smallestBytes)
    expect(solution.bytes).toBe(frontier.smallestBytes)
    expect(solution.exact).toBe(true)
  })

  it.each([0, 1, 1e12, Infinity])('gives the least damage when it is larger by %d', (more) => {
    const solution = solve(frontier, frontier.largestBytes + more)
    expect(solution).toMatchObject({ bytes: frontier.largestBytes, damage: 0, gap: 0, price: 0, exact: true })
  })

  it.each([-1, -Infinity, NaN])('is refused when it is smaller: %d', (more) => {
    const error = errorOf(() => solve(frontier, frontier.smallestBytes + more))
    expect(error).toMatchObject({
      code: 'BUDGET_OUT_OF_REACH',
      expected: `from ${frontier.smallestBytes} to ${frontier.largestBytes} bytes`,
      fault: 'input',
    })
  })

  it('of one option per group is met by these', () => {
    const solution = solve(buildFrontier([[{ bytes: 3, damage: 1 }], [{ bytes: 4, damage: 2 }]]), 10)
    expect(solution).toMatchObject({ bytes: 7, damage: 3, lowerBound: 3, gap: 0, exact: true })
  })

  it('without damage has no gap', () => {
    const free = [
      { bytes: 1, damage: 0 },
      { bytes: 2, damage: 0 },
    ]
    expect(solve(buildFrontier([free, free]), 3)).toMatchObject({
      bytes: 2,
      damage: 0,
      lowerBound: 0,
      gap: 0,
    })
  })
})
