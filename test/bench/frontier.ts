import { buildFrontier, type Frontier } from '../../main/engine/allocation/solver/frontier.ts'
import { solve } from '../../main/engine/allocation/solver/solve.ts'
import { MODEL_SHAPES, modelProblem, POOL_SIZE, type ModelShape } from '../support/allocation-problems.ts'
import { seededRandom } from '../support/random-rows.ts'
import { median, rounded, type Row, type Suite } from './suite.ts'

const SEEDS = [1, 2, 3]
const BUDGETS = 300

/** The whole frontier of a model and single budgets on it, as a slider asks for them. */
export const frontierSuite: Suite = {
  name: 'frontier',
  title: 'allocation: the whole frontier, and single budgets on it',
  async run() {
    return Promise.resolve((Object.keys(MODEL_SHAPES) as ModelShape[]).map(measure))
  },
}

interface Solved {
  readonly ms: number
  readonly gap: number
  readonly exact: boolean
}

function measure(shape: ModelShape): Row {
  const built = SEEDS.map((seed) => build(shape, seed))
  const solved = built.flatMap(({ frontier }) => solveMany(frontier))
  return {
    model: shape,
    tensors: MODEL_SHAPES[shape].length,
    formats: POOL_SIZE,
    points: Math.max(...built.map(({ frontier }) => frontier.points.length)),
    frontierMs: rounded(Math.max(...built.map(({ ms }) => ms))),
    solveMs: rounded(median(solved.map(({ ms }) => ms))),
    solveMs99: rounded(percentile99(solved.map(({ ms }) => ms))),
    solveMsMax: rounded(Math.max(...solved.map(({ ms }) => ms))),
    worstGap: rounded(Math.max(...solved.map(({ gap }) => gap))),
    proved: rounded(solved.filter(({ exact }) => exact).length / solved.length),
  }
}

/** The slowest of three: what a user waits for, with and without compiled code. */
function build(shape: ModelShape, seed: number): { readonly frontier: Frontier; readonly ms: number } {
  const problem = modelProblem(shape, seed)
  const runs = [0, 1, 2].map(() => {
    const start = performance.now()
    const frontier = buildFrontier(problem)
    return { frontier, ms: performance.now() - start }
  })
  return runs.reduce((slowest, run) => (run.ms > slowest.ms ? run : slowest))
}

function solveMany(frontier: Frontier): readonly Solved[] {
  const random = seededRandom(BUDGETS)
  const { smallestBytes, largestBytes } = frontier
  return Array.from({ length: BUDGETS }, () => {
    const budget = Math.floor(smallestBytes + (largestBytes - smallestBytes) * random() ** 2)
    const start = performance.now()
    const { gap, exact } = solve(frontier, budget)
    return { ms: performance.now() - start, gap, exact }
  })
}

function percentile99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? NaN
}
