import { presetChoices } from '../../engine/allocation/presets/preset-choices.ts'
import { PRESETS } from '../../engine/allocation/presets/preset-list.ts'
import { QuantaloupeError, toErrorData } from '../../engine/errors.ts'
import type { Method } from '../../engine/quantizers/format.ts'
import type { ErrorData, PresetPoint } from '../../../preload/contract.ts'
import { measureExport } from '../exports/output-layout.ts'
import type { OpenedModel } from '../library/library.ts'
import type { LoadedStatistics } from '../measurements/statistics-files.ts'
import { bitsPerWeightOf, damageOf } from '../plans/describe-plan.ts'
import { checkPlanImportance } from '../plans/plan-importance.ts'
import { resolveChoices } from '../plans/resolve-choices.ts'
import type { ResolvedTensor } from '../plans/resolve-choices.ts'
import type { PoolSource } from './candidate-pool.ts'

/** What a preset makes of a model. */
interface PresetPlan {
  readonly name: string
  readonly resolved: readonly ResolvedTensor[]
  readonly fileBytes: number
  readonly bpw: number
  readonly error: ErrorData | null
}

interface Known {
  readonly loaded: LoadedStatistics
  readonly method: Method
  readonly plans: readonly PresetPlan[]
}

/** Every preset as a plan of its own: pins, groups and the pool have no say. */
export class PresetPoints {
  readonly #known = new WeakMap<OpenedModel, Known>()

  /** Judged like the frontier. A preset that can not be made for the model stays in the list with its error. */
  of(source: PoolSource): PresetPoint[] {
    return this.#plans(source).map(({ name, resolved, fileBytes, bpw, error }) => {
      const damage = error ? null : damageOf(resolved.map(source.weigh))
      return { name, fileBytes, bpw, damage, error }
    })
  }

  /** Made again when the imatrix or the method is another one. */
  #plans({ opened, loaded, methods }: PoolSource): readonly PresetPlan[] {
    const method = methods[0] ?? 'reference'
    const known = this.#known.get(opened)
    if (known?.method === method && known.loaded.statistics.importance === loaded.statistics.importance) {
      return known.plans
    }
    const plans = PRESETS.map(({ name }) => presetPlan(opened, loaded, name, method))
    this.#known.set(opened, { loaded, method, plans })
    return plans
  }
}

function presetPlan(
  opened: OpenedModel,
  { statistics, origin }: LoadedStatistics,
  preset: string,
  method: Method,
): PresetPlan {
  try {
    const hasImportance = statistics.importance.size > 0
    const resolved = resolveChoices(opened, presetChoices(opened.model, { preset, method, hasImportance }))
    checkPlanImportance(resolved, statistics)
    const { fileBytes } = measureExport(opened.model, resolved, { imatrix: origin })
    return { name: preset, resolved, fileBytes, bpw: bitsPerWeightOf(opened.model, resolved), error: null }
  } catch (error) {
    if (!(error instanceof QuantaloupeError)) throw error
    return { name: preset, resolved: [], fileBytes: 0, bpw: 0, error: toErrorData(error) }
  }
}
