import { buildFrontier, type Frontier } from '../../main/engine/allocation/solver/frontier.ts'
import { solve } from '../../main/engine/allocation/solver/solve.ts'
import { MODEL_SHAPES, modelProblem, POOL_SIZE, type ModelShape } from '../support/allocation-problems.ts'
import { seededRandom } from '../support/random-rows.ts'
import { median, rounded, type Row, type Suite } from './suite.ts'

const SEEDS = [1, 2, 3]
const BUDGETS = 300

/** Of so many runs the fastest counts: what else the machine does is not part of the figure. */
const RUNS = 3

/** The whole frontier of a model and single budgets on it, as a slider asks for them. */
export const frontierSuite: Suite = {
  name: 'frontier',
  title: 'allocation: the whole frontier, and single budgets on it',
  async run() {
    return Promise.resolve((Object.keys(MODEL_SHAPES) as ModelShape[]).map(measure))
  },
}

function measure(shape: ModelShape): Row {
  const frontiers = SEEDS.map((seed) => {
    const problem = modelProblem(shape, seed)
    return fastest(() => buildFrontier(problem))
  })
  const solved = frontiers.flatMap(({ result }) => solveMany(result))
  const times = solved.map(({ ms }) => ms)
  const solutions = solved.map(({ result }) => result)
  return {
    model: shape,
    tensors: MODEL_SHAPES[shape].length,
    formats: POOL_SIZE,
    points: Math.max(...frontiers.map(({ result }) => result.points.length)),
    firstFrontierMs: rounded(frontiers[0]?.firstMs ?? NaN),
    frontierMs: rounded(Math.max(...frontiers.map(({ ms }) => ms))),
    solveMs: rounded(median(times)),
    solveMs99: rounded(percentile99(times)),
    solveMsMax: rounded(Math.max(...times)),
    worstGap: rounded(Math.max(...solutions.map(({ gap }) => gap))),
    proved: rounded(solutions.filter(({ exact }) => exact).length / solutions.length),
  }
}

function solveMany(frontier: Frontier) {
  const random = seededRandom(BUDGETS)
  const { smallestBytes, largestBytes } = frontier
  return Array.from({ length: BUDGETS }, () => {
    const budget = Math.floor(smallestBytes + (largestBytes - smallestBytes) * random() ** 2)
    return fastest(() => solve(frontier, budget))
  })
}

interface Timed<T> {
  readonly result: T
  readonly ms: number
  readonly firstMs: number
}

function fastest<T>(action: () => T): Timed<T> {
  const runs = Array.from({ length: RUNS }, () => {
    const start = performance.now()
    const result = action()
    return { result, ms: performance.now() - start }
  })
  const [first = { result: action(), ms: NaN }] = runs
  return { result: first.result, ms: Math.min(...runs.map(({ ms }) => ms)), firstMs: first.ms }
}

function percentile99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * 0.99)] ?? NaN
}
