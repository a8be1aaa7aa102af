import { PRESETS, presetChoices } from '../../engine/allocation/presets.ts'
import type { Plan, PlanChoices, RequestOf } from '../../../preload/contract.ts'
import type { Core } from '../core.ts'
import type { Library, OpenedModel } from '../library/library.ts'
import type { ServedPaths } from '../library/paths.ts'
import type { Lazy } from '../lazy.ts'
import type { StatisticsFiles, StatisticsRequest } from '../measurements/statistics-files.ts'
import { describePlan } from './describe-plan.ts'
import { choicesFor, readPlan, savePlan } from './plan-file.ts'
import { resolveChoices } from './resolve-choices.ts'

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
    return this.#describe(this.#parts.library.get(request.model), this.presetChoices(request), {})
  }

  /** @throws QuantaloupeError as `resolveChoices` and `layoutExport` */
  async evaluate(request: RequestOf<'plans.evaluate'>): Promise<Plan> {
    return this.#describe(this.#parts.library.get(request.model), request.choices, request)
  }

  /** @throws QuantaloupeError `FOLDER_NOT_FOUND`, `OUTSIDE_ROOTS`, `FILE_NOT_WRITABLE`, `DISK_FULL` */
  save(plan: Plan, path: string): void {
    savePlan(plan, this.#parts.served.writable(path))
  }

  /** A saved plan, judged anew for the model. @throws QuantaloupeError `BAD_PLAN`, `PLAN_MISMATCH` */
  async load(model: string, path: string): Promise<Plan> {
    const opened = this.#parts.library.get(model)
    const choices = choicesFor(await readPlan(this.#parts.served.existing(path)), opened)
    return this.#describe(opened, choices, {})
  }

  async #describe(opened: OpenedModel, choices: PlanChoices, request: StatisticsRequest): Promise<Plan> {
    const { known } = await this.#parts.core.get()
    const resolved = resolveChoices(opened, choices)
    return describePlan(opened, resolved, known, this.#parts.statistics.load(opened.model, request))
  }
}
