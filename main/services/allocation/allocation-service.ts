import { kvCacheBytes } from '../../engine/allocation/kv-cache.ts'
import type {
  AllocationFrontier,
  AllocationRequest,
  MemoryEstimate,
  Plan,
  RequestOf,
  TensorExplanation,
} from '../../../preload/contract.ts'
import type { Core } from '../core.ts'
import { fileStamp } from '../files/file-stamp.ts'
import type { Library, OpenedModel } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import type { Lazy } from '../lazy.ts'
import { checkImportanceLengths } from '../measurements/importance-checks.ts'
import type { KnownMeasurements } from '../measurements/known-measurements.ts'
import type { StatisticsFiles } from '../measurements/statistics-files.ts'
import type { DamageModels } from '../plans/damage-models.ts'
import { describePlan } from '../plans/describe-plan.ts'
import { tensorWeigher } from '../plans/weigh-tensors.ts'
import { budgetRoom } from './budget-room.ts'
import { CandidatePool } from './candidate-pool.ts'
import { explainTensor } from './explain-tensor.ts'
import { frontierPoints } from './frontier-points.ts'
import { PreparedProblem } from './prepared-problem.ts'
import { PresetPoints } from './preset-points.ts'
import { Recent } from './recent.ts'
import { solveBudget } from './solve-budget.ts'

/** One for each of a few models and damage models. */
const POOLS = 4
/** Some more: what was changed last, and what was there before. */
const PROBLEMS = 8

export interface AllocationServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly served: ServedPaths
  readonly damage: DamageModels
}

/** Finds the formats with the least predicted damage for a budget. */
export class AllocationService {
  readonly #parts: AllocationServiceParts
  readonly #pools = new Recent<CandidatePool>(POOLS)
  readonly #problems = new Recent<PreparedProblem>(PROBLEMS)
  readonly #frontiers = new WeakMap<PreparedProblem, AllocationFrontier>()
  readonly #presets = new PresetPoints()

  constructor(parts: AllocationServiceParts) {
    this.#parts = parts
  }

  /**
   * All budgets at once, and what llama.cpp's presets would make of the same bytes.
   *
   * @throws QuantaloupeError what is wrong with the request
   */
  async frontier(request: AllocationRequest): Promise<AllocationFrontier> {
    const problem = await this.#prepare(request)
    const known = this.#frontiers.get(problem) ?? this.#describeFrontier(problem)
    this.#frontiers.set(problem, known)
    return known
  }

  /**
   * The plan for one budget.
   *
   * @throws QuantaloupeError `BUDGET_OUT_OF_REACH`, `PINS_OUT_OF_REACH`, `MEASUREMENTS_MISSING`, `KV_UNKNOWN`, and what is
   *   wrong with the request
   */
  async solve({ allocation, budget }: RequestOf<'allocation.solve'>): Promise<Plan> {
    const problem = await this.#prepare(allocation)
    const search = solveBudget(problem, budgetRoom(problem, budget))
    const { opened, weighing } = problem.pool.source
    return describePlan(opened, problem.tensors(search.choices), {
      damageModel: weighing.model,
      fileBytes: problem.fileBytes(search.choices),
      search,
    })
  }

  /** @throws QuantaloupeError `UNKNOWN_TENSOR`, `NOT_QUANTIZABLE`, `MEASUREMENTS_MISSING`, as `resolveChoices` */
  async explain(request: RequestOf<'allocation.explain'>): Promise<TensorExplanation> {
    const problem = await this.#prepare(request.allocation)
    return explainTensor(problem, request.choices, request.tensor)
  }

  /** @throws QuantaloupeError `KV_UNKNOWN` */
  memory({ model, context, cacheType }: RequestOf<'allocation.memory'>): MemoryEstimate {
    const estimate = kvCacheBytes(this.#parts.library.get(model).model, context, cacheType)
    const { bytes: kvBytes, bytesPerToken: kvBytesPerToken, formula } = estimate
    return { context, kvBytes, kvBytesPerToken, formula }
  }

  /** Drops what was prepared for models that are closed. */
  keepOnly(models: ReadonlySet<string>): void {
    this.#pools.keepWhere(({ source }) => models.has(source.opened.id))
    this.#problems.keepWhere(({ pool }) => models.has(pool.source.opened.id))
  }

  #describeFrontier(problem: PreparedProblem): AllocationFrontier {
    const points = problem.isBlocked ? [] : frontierPoints(problem)
    const { pool, missing, figures, sampledFigures, milliseconds } = problem
    return {
      points,
      presets: this.#presets.of(pool.source),
      damage: pool.source.weighing.description,
      formats: pool.formats.map(({ name }) => name),
      missing,
      sampledFigures,
      figures,
      milliseconds,
    }
  }

  /** Prepared anew when the request, its files, or what is known of the model has changed. */
  async #prepare(request: AllocationRequest): Promise<PreparedProblem> {
    const { core, library, served, damage } = this.#parts
    const opened = library.get(request.model)
    const { known } = await core.get()
    const { model, target, formats, methods, imatrix, damage: settings, ...limits } = request
    const stamp = imatrix === undefined ? '' : fileStamp(served.existing(imatrix))
    const versions = [await damage.version(settings), known.version()]
    const poolKey = JSON.stringify([model, target, formats, methods, imatrix, settings, stamp, versions])
    const key = `${poolKey} ${JSON.stringify(limits)}`
    const prepared = this.#problems.get(key)
    if (prepared) return prepared
    const pool = this.#pools.get(poolKey) ?? (await this.#pool(opened, request, known))
    const problem = new PreparedProblem(pool, request)
    this.#pools.set(poolKey, pool)
    this.#problems.set(key, problem)
    return problem
  }

  async #pool(
    opened: OpenedModel,
    request: AllocationRequest,
    known: KnownMeasurements,
  ): Promise<CandidatePool> {
    const { statistics, damage } = this.#parts
    const loaded = statistics.load(opened.model, request)
    checkImportanceLengths(opened.model.tensors, loaded.statistics)
    const weighing = await damage.weigh(opened, loaded.statistics, request.damage)
    const weigh = tensorWeigher(opened, loaded.statistics, known, weighing.sensitivities)
    const { target, formats, methods } = request
    return new CandidatePool({ opened, target, formats, methods, loaded, weighing, weigh })
  }
}
