import { PRESETS, presetChoices } from '../../engine/allocation/presets.ts'
import type { Finding, Plan, PlanChoices, RequestOf } from '../../../preload/contract.ts'
import type { Core } from '../core.ts'
import type { Library, OpenedModel } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import type { Lazy } from '../lazy.ts'
import type { LoadedStatistics, StatisticsFiles } from '../measurements/statistics-files.ts'
import { describePlan } from './describe-plan.ts'
import { choicesFor, readPlan, savePlan } from './plan-file.ts'
import { fallbackFindings } from './fallback-findings.ts'
import { checkPlanImportance } from './plan-importance.ts'
import { replacements, resolveChoices } from './resolve-choices.ts'
import type { ResolvedTensor } from './resolve-choices.ts'

export interface PlanServiceParts {
  readonly core: Lazy<Core>
  readonly library: Library
  readonly statistics: StatisticsFiles
  readonly served: ServedPaths
}

/** Makes, judges, saves and loads plans. */
export class PlanService {
  readonly #parts: PlanServiceParts

  constructor(parts: PlanServiceParts) {
    this.#parts = parts
  }

  presets(): readonly string[] {
    return PRESETS
  }

  /** Names and choices of a preset, to be changed further. @throws QuantaloupeError `PRESET_UNKNOWN` */
  presetChoices(request: RequestOf<'plans.preset'>): PlanChoices {
    const { model } = this.#parts.library.get(request.model)
    return presetChoices(request.preset, model.tensors, request.method)
  }

  async preset(request: RequestOf<'plans.preset'>): Promise<Plan> {
    return this.#describeBare(this.#parts.library.get(request.model), this.presetChoices(request))
  }

  /** @throws QuantaloupeError as `resolveChoices`, `checkPlanImportance` and `layoutExport` */
  async evaluate(request: RequestOf<'plans.evaluate'>): Promise<Plan> {
    const opened = this.#parts.library.get(request.model)
    const resolved = resolveChoices(opened, request.choices)
    const loaded = this.#parts.statistics.load(opened.model, request)
    checkPlanImportance(resolved, loaded.statistics)
    return this.#describe(opened, resolved, loaded)
  }

  /** What is to be told of a plan: how importance covers the model, and which formats are replaced. */
  findings(request: RequestOf<'plans.evaluate'>): readonly Finding[] {
    const opened = this.#parts.library.get(request.model)
    const { findings } = this.#parts.statistics.load(opened.model, request)
    return [...findings, ...fallbackFindings(replacements(resolveChoices(opened, request.choices)))]
  }

  /** @throws QuantaloupeError `FOLDER_NOT_FOUND`, `OUTSIDE_ROOTS`, `FILE_NOT_WRITABLE`, `DISK_FULL` */
  save(plan: Plan, path: string): void {
    savePlan(plan, this.#parts.served.writable(path))
  }

  /** A saved plan, judged anew for the model. @throws QuantaloupeError `BAD_PLAN`, `PLAN_MISMATCH` */
  async load(model: string, path: string): Promise<Plan> {
    const opened = this.#parts.library.get(model)
    const choices = choicesFor(await readPlan(this.#parts.served.existing(path)), opened)
    return this.#describeBare(opened, choices)
  }

  /** Without importance: whether it is needed is asked when the plan is evaluated or exported. */
  #describeBare(opened: OpenedModel, choices: PlanChoices): Promise<Plan> {
    const loaded = this.#parts.statistics.load(opened.model, {})
    return this.#describe(opened, resolveChoices(opened, choices), loaded)
  }

  async #describe(
    opened: OpenedModel,
    resolved: readonly ResolvedTensor[],
    loaded: LoadedStatistics,
  ): Promise<Plan> {
    const { known } = await this.#parts.core.get()
    return describePlan(opened, resolved, known, loaded)
  }
}
