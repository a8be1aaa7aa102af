import { presetChoices } from '../../engine/allocation/presets/preset-choices.ts'
import { EMULATED_REVISION, PRESETS } from '../../engine/allocation/presets/preset-list.ts'
import type {
  DamageSettings,
  Finding,
  LoadedPlan,
  Plan,
  PlanChoices,
  PresetList,
  QuantizeRecipe,
  RequestOf,
} from '../../../preload/contract.ts'
import type { Core } from '../core.ts'
import { measureExport } from '../exports/output-layout.ts'
import type { Library, OpenedModel } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import type { Lazy } from '../lazy.ts'
import type { LoadedStatistics, StatisticsFiles } from '../measurements/statistics-files.ts'
import type { DamageModels } from './damage-models.ts'
import { describePlan } from './describe-plan.ts'
import { choicesFor, readPlanFile, savePlan } from './plan-file.ts'
import { fallbackFindings } from './fallback-findings.ts'
import { checkPlanImportance } from './plan-importance.ts'
import { quantizeRecipe, saveRecipe } from './recipe.ts'
import { replacements, resolveChoices } from './resolve-choices.ts'
import type { ResolvedTensor } from './resolve-choices.ts'
import { tensorWeigher } from './weigh-tensors.ts'

export interface PlanServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly served: ServedPaths
  readonly damage: DamageModels
}

/** What of a request decides about the choices. */
type PresetRequest = Omit<RequestOf<'plans.preset'>, 'damage'>

/** Makes, judges, saves and loads plans. */
export class PlanService {
  readonly #parts: PlanServiceParts

  constructor(parts: PlanServiceParts) {
    this.#parts = parts
  }

  presets(): PresetList {
    return { revision: EMULATED_REVISION, presets: PRESETS }
  }

  /**
   * Names and choices of a preset, to be changed further.
   *
   * @throws QuantaloupeError `PRESET_UNKNOWN`, what reading the imatrix reports
   */
  presetChoices(request: PresetRequest): PlanChoices {
    const { model } = this.#parts.library.get(request.model)
    const { statistics } = this.#parts.statistics.load(model, request)
    const { preset, method, pure } = request
    return presetChoices(model, { preset, method, pure, hasImportance: statistics.importance.size > 0 })
  }

  /** Whether importance is needed is asked when the plan is evaluated or exported. */
  async preset(request: RequestOf<'plans.preset'>): Promise<Plan> {
    const opened = this.#parts.library.get(request.model)
    const loaded = this.#parts.statistics.load(opened.model, request)
    return this.#describe(opened, resolveChoices(opened, this.presetChoices(request)), loaded, request.damage)
  }

  /** @throws QuantaloupeError as `resolveChoices`, `checkPlanImportance`, `measureExport` and `DamageModels.weigh` */
  async evaluate(request: RequestOf<'plans.evaluate'>): Promise<Plan> {
    const opened = this.#parts.library.get(request.model)
    const loaded = this.#parts.statistics.load(opened.model, request)
    const resolved = resolveChoices(opened, request.choices)
    checkPlanImportance(resolved, loaded.statistics)
    return this.#describe(opened, resolved, loaded, request.damage)
  }

  /** What is to be told of a plan: how importance covers the model, and which formats are replaced. */
  findings(request: Omit<RequestOf<'plans.evaluate'>, 'damage'>): readonly Finding[] {
    const opened = this.#parts.library.get(request.model)
    const { findings } = this.#parts.statistics.load(opened.model, request)
    return [...findings, ...fallbackFindings(replacements(resolveChoices(opened, request.choices)))]
  }

  /** @throws QuantaloupeError `FOLDER_NOT_FOUND`, `OUTSIDE_ROOTS`, `FILE_NOT_WRITABLE`, `DISK_FULL` */
  save(plan: Plan, path: string): void {
    savePlan(plan, this.#parts.served.writable(path))
  }

  /**
   * A saved plan or a recipe, judged anew for the model.
   *
   * @throws QuantaloupeError `BAD_PLAN`, `PLAN_MISMATCH`, `BAD_RECIPE`, and as `resolveChoices`
   */
  async load(request: RequestOf<'plans.load'>): Promise<LoadedPlan> {
    const opened = this.#parts.library.get(request.model)
    const file = await readPlanFile(this.#parts.served.existing(request.path))
    const loaded = this.#parts.statistics.load(opened.model, request)
    const { choices, findings } = choicesFor(file, opened)
    return { plan: await this.#describe(opened, resolveChoices(opened, choices), loaded), findings }
  }

  /** @throws QuantaloupeError as `resolveChoices` */
  recipe({ model, choices, imatrix }: RequestOf<'plans.recipe'>): QuantizeRecipe {
    const opened = this.#parts.library.get(model)
    const path = imatrix === undefined ? undefined : this.#parts.served.existing(imatrix)
    return quantizeRecipe(opened, resolveChoices(opened, choices), path)
  }

  /** @throws QuantaloupeError as `resolveChoices`, `FOLDER_NOT_FOUND`, `OUTSIDE_ROOTS`, `FILE_NOT_WRITABLE`, `DISK_FULL` */
  saveRecipe({ model, choices, path }: RequestOf<'plans.saveRecipe'>): void {
    const opened = this.#parts.library.get(model)
    saveRecipe(opened, resolveChoices(opened, choices), this.#parts.served.writable(path))
  }

  async #describe(
    opened: OpenedModel,
    resolved: readonly ResolvedTensor[],
    { statistics, origin }: LoadedStatistics,
    settings?: DamageSettings,
  ): Promise<Plan> {
    const { fileBytes } = measureExport(opened.model, resolved, { imatrix: origin })
    const { model: damageModel, sensitivities } = await this.#parts.damage.weigh(opened, statistics, settings)
    const { known } = await this.#parts.core.get()
    const weigh = tensorWeigher(opened, statistics, known, sensitivities)
    return describePlan(opened, resolved.map(weigh), { damageModel, fileBytes, search: null })
  }
}
